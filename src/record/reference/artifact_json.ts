/** A tree of values → canonical JSON (RFC 8785). One loop with its own stack, as nesting may have any depth. */

import { quoteText } from "@sessionlog/protocol/text";
import type { Container, Item } from "./artifact_tree.js";

/** An artifact as it goes into the row, and what its limits are about. */
export interface Artifact {
  /** Canonical JSON; unfinished when it is over `stop_bytes` or has a number that JSON cannot hold. */
  readonly json: string;
  /** Of the JSON in UTF-8. */
  readonly bytes: number;
  /** Levels of objects and lists, the artifact itself being the first. */
  readonly depth: number;
  /** Path of the first number that is not finite, such as `artifact.fills[2].score`; undefined when none is. */
  readonly not_finite_at: string | undefined;
}

/** An object or a list that is being printed. */
interface Frame {
  readonly list: boolean;
  readonly parent: Frame | undefined;
  readonly depth: number;
  /** How many items were begun; the last one is `item`. */
  begun: number;
  item: Item | undefined;
  next: Item | undefined;
}

/** A path contains only keys that look like names: a key may be anything, and a description contains nobody's data. */
const PLAIN_KEY = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/;
const PATH_STEPS_MAX = 8;

/**
 * Prints an artifact: keys sorted by UTF-16 code units, of equal keys the last one's value, numbers as ECMAScript does.
 * Stops over `stop_bytes`; the result then only says that the limit is passed.
 */
export function printArtifact(artifact: Container, stop_bytes: number): Artifact {
  let frame = openFrame(artifact, undefined);
  let json = "{";
  let depth = 1;
  let not_finite_at: string | undefined;
  for (;;) {
    const item = frame.next;
    if (item === undefined) {
      json += frame.list ? "]" : "}";
      if (frame.parent === undefined) break;
      frame = frame.parent;
      continue;
    }
    frame.item = item;
    frame.next = item.next;
    if (frame.begun++ > 0) json += ",";
    if (!frame.list) json += `${quoteText(item.key)}:`;
    const { value } = item;
    if (typeof value === "string") json += value;
    else if (typeof value === "number") {
      if (!Number.isFinite(value)) not_finite_at ??= pathOf(frame);
      json += value;
    } else {
      frame = openFrame(value, frame);
      depth = Math.max(depth, frame.depth);
      json += value.list ? "[" : "{";
    }
    // UTF-8 has at least a byte for each UTF-16 unit.
    if (json.length > stop_bytes) return { json, bytes: json.length, depth, not_finite_at };
  }
  return { json, bytes: Buffer.byteLength(json), depth, not_finite_at };
}

function openFrame(container: Container, parent: Frame | undefined): Frame {
  const next = container.list ? container.first : sortItems(container.first);
  return { list: container.list, parent, depth: (parent?.depth ?? 0) + 1, begun: 0, item: undefined, next };
}

/** Links the items of an object again, sorted by key and each key once; returns the first. */
function sortItems(first: Item | undefined): Item | undefined {
  if (first?.next === undefined) return first;
  const items: Item[] = [];
  for (let item: Item | undefined = first; item !== undefined; item = item.next) items.push(item);
  // The sort is stable: of equal keys the one that came last stays last.
  items.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  let next: Item | undefined;
  for (let index = items.length - 1; index >= 0; index--) {
    const item = items[index];
    if (item === undefined || item.key === next?.key) continue;
    item.next = next;
    next = item;
  }
  return next;
}

function pathOf(innermost: Frame): string {
  const steps: string[] = [];
  for (let frame: Frame | undefined = innermost; frame !== undefined; frame = frame.parent) {
    const key = frame.item?.key ?? "";
    steps.push(frame.list ? `[${frame.begun - 1}]` : PLAIN_KEY.test(key) ? `.${key}` : ".(key)");
  }
  steps.reverse();
  return `artifact${steps.slice(0, PATH_STEPS_MAX).join("")}${steps.length > PATH_STEPS_MAX ? "…" : ""}`;
}
