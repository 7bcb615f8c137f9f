import { readFileSync } from "node:fs";
import type { status } from "@grpc/grpc-js";
import type { FailureAction } from "../src/delivery/retry.js";

/** The cases of a file of clients/cases, which all clients share: one JSON value a line. */
export function readCases<Case>(file: string): readonly Case[] {
  const text = readFileSync(new URL(`../../cases/${file}`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line): Case => JSON.parse(line));
}

/** A row of the table of failures: what follows a status, with or without RetryInfo. */
export interface FailureCase {
  readonly status: keyof typeof status;
  readonly retry_info: boolean;
  readonly one_row: FailureAction;
  readonly many_rows: FailureAction;
}

export function readFailureCases(): readonly FailureCase[] {
  return JSON.parse(readFileSync(new URL("../../cases/failures.json", import.meta.url), "utf8"));
}

/** An error's text, or the texts of an error and its causes. */
export type ErrorCase = string | readonly string[];

export function errorOf(given: ErrorCase): unknown {
  if (typeof given === "string") return given;
  return given.reduceRight<Error | undefined>((cause, message) => new Error(message, { cause }), undefined);
}
