import { expect, test } from "vitest";
import { addressProblem, isLocal } from "../../src/rpc/address.js";
import { readCases } from "../cases.js";

interface AddressCase {
  readonly address: string;
  readonly ok?: true;
  readonly problem?: string;
}

test.each(readCases<AddressCase>("addresses.jsonl"))("case: $address", ({ address, ok, problem }) => {
  expect(ok === true).toBe(problem === undefined);
  expect(addressProblem(address)).toBe(problem);
});

test.each(["ipv4:127.0.0.1:50051", "ipv6:[::1]:50051", "ipv6:%5B::1%5D:50051"])(
  "addressProblem passes %s",
  (address) => {
    expect(addressProblem(address)).toBeUndefined();
  },
);

test.each([
  ["unix:/run/sessionlog.sock", true],
  ["127.0.0.1:50051", true],
  ["dns:///localhost:50051", true],
  ["[::1]:50051", true],
  ["log.internal:50051", false],
  ["127.0.0.1.example.org:50051", false],
])("isLocal %s: %s", (address, local) => {
  expect(isLocal(address)).toBe(local);
});
