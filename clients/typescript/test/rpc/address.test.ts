import { expect, test } from "vitest";
import { addressProblem, isLocal } from "../../src/rpc/address.js";
import { readCases } from "../cases.js";
import { accepted, quickLogger } from "../support.js";

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

test.each([":::::", "nowhere://x", "/var/log/sessions.jsonl", "http://127.0.0.1:50051", "127.0.0.1"])(
  "a logger says at once that %s cannot be used, and counts its records as dropped",
  async (address) => {
    const log = quickLogger(address);
    expect(log.told).toEqual([
      `session log: records are dropped: the address cannot be used: expected host:port or unix:/path, not "${address}"`,
    ]);
    log.append(accepted(0));
    expect(await log.session({ kind: "fill" }, () => "result")).toBe("result");
    expect(await log.appendAndWait(accepted(1))).toMatchObject({ ok: false, kind: "failed", code: "UNAVAILABLE" });
    expect([log.enabled, await log.flush(), await log.close()]).toEqual([true, true, true]);
    expect(log.stats()).toMatchObject({ dropped: 2, buffered: 0 });
    expect(log.told).toHaveLength(1);
  },
);
