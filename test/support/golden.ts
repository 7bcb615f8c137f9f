/** The golden records of test/golden: what any client in any language may rely on. */
import { readFileSync } from "node:fs";

export interface GoldenAccept {
  readonly name: string;
  /** The record as ProtoJSON. */
  readonly send: Record<string, unknown>;
  /** The row, without its newline. */
  readonly row: string;
}

export interface GoldenReject {
  readonly name: string;
  /** The record as ProtoJSON, its repeated text put in. */
  readonly send: Record<string, unknown>;
  /** Exactly these, in any order. */
  readonly violations: readonly { readonly field: string; readonly reason: string }[];
}

interface Repeat {
  readonly path: readonly string[];
  readonly text: string;
  readonly times: number;
}

export function readGoldenAccepts(): GoldenAccept[] {
  return readLines<GoldenAccept>("accept.jsonl");
}

export function readGoldenRejects(): GoldenReject[] {
  return readLines<GoldenReject & { readonly repeat?: Repeat }>("reject.jsonl").map(({ repeat, ...golden }) => {
    if (repeat !== undefined) putRepeated(golden.send, repeat);
    return golden;
  });
}

function readLines<Line>(file: string): Line[] {
  const text = readFileSync(new URL(`../golden/${file}`, import.meta.url), "utf8");
  const parse = (line: string): Line => JSON.parse(line);
  return text.split("\n").filter(Boolean).map(parse);
}

function putRepeated(send: Record<string, unknown>, repeat: Repeat): void {
  const last = repeat.path.at(-1);
  if (last === undefined) throw new Error("a repeat has no path");
  let place: unknown = send;
  for (const key of repeat.path.slice(0, -1)) place = Reflect.get(Object(place), key);
  Reflect.set(Object(place), last, repeat.text.repeat(repeat.times));
}
