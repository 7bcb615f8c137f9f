import { expect, test } from "vitest";
import { addressProblem, isLoopback, parseAddress } from "../../src/config/address.js";

test.each([
  ["127.0.0.1:50051", true],
  ["127.8.9.1:0", true],
  ["localhost:1", true],
  ["LOCALHOST:1", true],
  ["[::1]:0", true],
  ["[0:0:0:0:0:0:0:1]:65535", true],
  ["unix:/run/sessionlog.sock", true],
  ["unix:///run/sessionlog.sock", true],
  ["0.0.0.0:50051", false],
  ["[::]:50051", false],
  ["[::ffff:10.0.0.1]:1", false],
  ["10.0.0.1:1", false],
  ["example.org:443", false],
  ["localhost.example.org:1", false],
  ["127.0.0.1.example.org:1", false],
  ["127.1:1", false],
])("isLoopback says of %s: %s", (text, expected) => {
  const address = parseAddress(text);
  expect(address && isLoopback(address)).toBe(expected);
});

test.each([
  "",
  "127.0.0.1",
  ":50051",
  "localhost:",
  "localhost:65536",
  "localhost:-1",
  "::1:50051",
  "[::1]",
  "[g::1]:1",
])("parseAddress refuses %j", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test.each([
  "unix:",
  "unix:relative.sock",
  "unix://relative",
  "http://localhost:1",
  "a b:1",
  "[127.0.0.1]:1",
  "localhost:1\n",
])("parseAddress refuses %j", (text) => {
  expect(parseAddress(text)).toBeUndefined();
});

test("parseAddress takes the parts apart", () => {
  expect(parseAddress("[::1]:0")).toEqual({ kind: "tcp", host: "::1", port: 0 });
  expect(parseAddress("unix:///run/a.sock")).toEqual({ kind: "unix", path: "/run/a.sock" });
});

test("addressProblem says how long a socket path is that would be cut", () => {
  const problemOf = (path: string) => addressProblem({ kind: "unix", path });
  expect(problemOf(`/${"s".repeat(106)}`)).toBeUndefined();
  expect(problemOf(`/${"s".repeat(107)}`)).toBe("the socket path has 108 bytes, at most 107 are possible");
  expect(problemOf(`/${"ü".repeat(60)}`)).toBe("the socket path has 121 bytes, at most 107 are possible");
  expect(addressProblem({ kind: "tcp", host: "h".repeat(200), port: 1 })).toBeUndefined();
});
