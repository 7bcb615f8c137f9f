import { isNativeError } from "node:util/types";
import { cutText, TEXT_LENGTH_MAX } from "./record/text.js";

const ERROR_TEXT_CODE_POINTS_MAX = 1_000;
/** Causes beyond these are left out. */
const CAUSES_MAX = 8;
/** Errors of an AggregateError beyond these are left out. */
const AGGREGATED_MAX = 4;

/** The name and message of an error, or the text of whatever was thrown. */
export function describeError(error: unknown): string {
  try {
    const text = isError(error) ? `${error.name}: ${error.message}` : `${error}`;
    if (text.length > TEXT_LENGTH_MAX) return "an error whose message is too long";
    return cutText(text, ERROR_TEXT_CODE_POINTS_MAX);
  } catch {
    // An error whose own message throws must not hide what happened.
    return "an error without a message";
  }
}

const FILE_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EISDIR: "is a directory",
};

/** The path of a file, and why it cannot be read, in words. */
export function describeFileError(path: string, error: unknown): string {
  const code = read(error, "code");
  return `${path}: ${(typeof code === "string" && FILE_ERRORS[code]) || describeMessage(error)}`;
}

/**
 * The messages of an error and its causes, of which `code_points_max` code points are kept:
 * `fetch failed: connect ECONNREFUSED 127.0.0.1:11434`. A message that an earlier one contains is not repeated.
 */
export function errorText(error: unknown, code_points_max: number): string {
  let text = textOf(error);
  let cause = read(error, "cause");
  // What exceeds this is cut, however many causes follow.
  for (let depth = 0; depth < CAUSES_MAX && text.length < 2 * code_points_max && isPresent(cause); depth++) {
    const next = textOf(cause);
    if (!text.includes(next)) text = text === "" ? next : `${text}: ${next}`;
    cause = read(cause, "cause");
  }
  return cutText(text, code_points_max);
}

function textOf(error: unknown): string {
  if (typeof error === "string") return error;
  const errors = read(error, "errors");
  // `fetch` of a name with several addresses: the message is empty, each address has an error of its own.
  if (read(error, "message") === "" && Array.isArray(errors) && errors.length > 0) {
    return errors.slice(0, AGGREGATED_MAX).map(describeMessage).join("; ");
  }
  return describeMessage(error);
}

function describeMessage(error: unknown): string {
  const message = read(error, "message");
  return typeof message === "string" && message !== "" ? message : describeError(error);
}

/** A property of an Error; undefined for other values, and where a getter throws. */
function read(error: unknown, name: string): unknown {
  try {
    return isError(error) ? Reflect.get(error, name) : undefined;
  } catch {
    // A getter of the daemon's own; describeError reports such an error by another text.
    return undefined;
  }
}

/** Also for errors of another realm, as Node's own are in Jest. */
function isError(value: unknown): value is Error {
  return value instanceof Error || isNativeError(value);
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}
