import { expect, test } from "vitest";
import { errorText } from "../src/errors.js";
import { freeAddress } from "./support.js";

const chain = (...messages: string[]) =>
  messages.reduceRight<Error | undefined>((cause, message) => new Error(message, { cause }), undefined);

test("errorText joins the messages of an error and its causes, each once", () => {
  expect(errorText(chain("a", "b", "c"), 800)).toBe("a: b: c");
  expect(errorText(chain("a failed: b", "b"), 800)).toBe("a failed: b");
  expect(errorText(new Error("a", { cause: "text" }), 800)).toBe("a: text");
  expect(errorText(new Error("a", { cause: null }), 800)).toBe("a");
  expect(errorText(chain("", "b"), 800)).toBe("Error: : b");
});

test("errorText ends for causes that go round, and for many", () => {
  const error = new Error("a");
  error.cause = new Error("b", { cause: error });
  expect(errorText(error, 800)).toBe("a: b");
  expect(errorText(chain(..."abcdefghijklmnop"), 800)).toBe("a: b: c: d: e: f: g: h: i");
  expect(errorText(chain("x".repeat(2_000), "b"), 800)).toBe("x".repeat(800));
});

test("errorText says what refused a connection", async () => {
  const address = await freeAddress();
  const error = await fetch(`http://${address}`).catch((error: unknown) => error);
  expect(errorText(error, 800)).toBe(`fetch failed: connect ECONNREFUSED ${address}`);
  const each = [new Error("connect ECONNREFUSED ::1:1"), new Error("connect ECONNREFUSED 127.0.0.1:1")];
  const both = new TypeError("fetch failed", { cause: new AggregateError(each) });
  expect(errorText(both, 800)).toBe("fetch failed: connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1");
});
