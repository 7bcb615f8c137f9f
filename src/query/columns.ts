import type { DuckDBType, DuckDBValue, DuckDBTimestampTZValue as Timestamp } from "@duckdb/node-api";
import {
  DuckDBListType,
  DuckDBListValue,
  DuckDBStructType,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTypeId,
  JsonDuckDBValueConverter,
} from "./duckdb.js";

/** A column of an answer; the values of rows are opaque but to its functions. */
export interface Column {
  readonly name: string;
  /** Whether its values are numbers. */
  readonly numeric: boolean;
  /** The value as JSON; JSON columns as they are, times as RFC 3339 in UTC. */
  json(value: DuckDBValue): string;
  /** The value as text, undefined for NULL. */
  text(value: DuckDBValue): string | undefined;
}

export type Row = readonly DuckDBValue[];

export function createColumn(name: string, type: DuckDBType): Column {
  const isText = type.typeId === DuckDBTypeId.VARCHAR && type.alias !== "JSON";
  return {
    name,
    numeric: isNumeric(type),
    json: (value) => jsonOf(value, type),
    text: (value) => {
      if (value === null) return undefined;
      if (isText) return String(value);
      const json = jsonOf(value, type);
      // What is one word in JSON, such as a date, is plain without its quotes.
      return isQuoted(type) ? json.slice(1, -1) : json;
    },
  };
}

function jsonOf(value: DuckDBValue, type: DuckDBType): string {
  if (value === null) return "null";
  if (type.typeId === DuckDBTypeId.VARCHAR) return type.alias === "JSON" ? oneLineJson(String(value)) : quote(value);
  if (isNumeric(type)) {
    // JSON has no NaN and no infinity.
    return typeof value === "number" && !Number.isFinite(value) ? "null" : String(value);
  }
  if (value instanceof DuckDBTimestampTZValue) return quote(rfc3339(value));
  if (isQuoted(type)) return quote(String(value));
  if (type instanceof DuckDBListType && value instanceof DuckDBListValue) {
    return `[${value.items.map((item) => jsonOf(item, type.valueType)).join(",")}]`;
  }
  if (type instanceof DuckDBStructType && value instanceof DuckDBStructValue) {
    const entries = type.entryNames.map((name, index) => {
      const entryType = type.entryTypes[index];
      return `${quote(name)}:${entryType === undefined ? "null" : jsonOf(value.entries[name] ?? null, entryType)}`;
    });
    return `{${entries.join(",")}}`;
  }
  return quote(JsonDuckDBValueConverter(value, type, JsonDuckDBValueConverter));
}

function quote(value: unknown): string {
  return JSON.stringify(value) ?? "null";
}

function oneLineJson(text: string): string {
  if (!text.includes("\n")) return text;
  const value: unknown = JSON.parse(text);
  return quote(value);
}

/** As rows print it: nanoseconds are not kept by DuckDB, so up to six digits, without trailing zeros. */
function rfc3339(value: Timestamp): string {
  const fraction = ((value.micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const date = new Date(Number((value.micros - fraction) / 1000n));
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0 || date.getUTCFullYear() > 9999) return String(value);
  const digits = String(fraction).padStart(6, "0").replace(/0+$/, "");
  return `${date.toISOString().slice(0, 19)}${digits === "" ? "" : `.${digits}`}Z`;
}

/** Printed as JSON numbers. */
const NUMERIC_TYPES = /^(U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER|FLOAT|DOUBLE|DECIMAL)$/;
/** Printed as JSON strings that need no escapes. */
const QUOTED_TYPES = /^(DATE|TIME|TIMESTAMP(_S|_MS|_NS|_TZ)?|INTERVAL|UUID)$/;

const isNumeric = ({ typeId }: DuckDBType) => NUMERIC_TYPES.test(DuckDBTypeId[typeId]);
const isQuoted = ({ typeId }: DuckDBType) => QUOTED_TYPES.test(DuckDBTypeId[typeId]);
