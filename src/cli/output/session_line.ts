import { SESSION_RECORD_FIELDS } from "@sessionlog/protocol/gen/fields";
import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordToJsonLine } from "@sessionlog/protocol/record_to_json";
import { createCursor, readTag, skipField } from "@sessionlog/protocol/wire/reader";
import { createRecordToRow } from "../../record/index.js";
import { cutToWidth, paint, type Terminal, textWidth } from "./terminal.js";
import { oneLine } from "./text.js";

/** Makes a function that prints a record (protobuf bytes) as its row: one line of JSON with its "\n". */
export function createRowPrinter(): (record: Uint8Array) => string {
  const recordToRow = createRecordToRow({ kinds: undefined });
  // Empty stamps make a record without session_id or timestamp invalid, so it is printed as received.
  const stamps = { session_id: () => "", daemon: "", timestamp: () => ({ seconds: Number.NaN, nanos: 0 }) };
  return (record) => {
    const found = recordToRow(record, stamps);
    return found.ok ? found.row.toString() : recordToJsonLine(record);
  };
}

/** The last attempts are shown, earlier ones as "…". */
const SHOWN_ATTEMPTS_MAX = 12;
/** From here on a line has its date, too. */
const DATE_WIDTH_MIN = 100;
/** Below, it has no time and no daemon. */
const TIME_WIDTH_MIN = 60;
/** What a line without these has beside the model, with the word "ungrounded". */
const OTHER_COLUMNS = 36;
/** Columns of a model's and a daemon's name on narrow terminals. */
const MODEL_COLUMNS_MAX = 14;
const DAEMON_COLUMNS_MAX = 10;

/**
 * Makes a function that prints a session's record, protobuf bytes, in a line for a person, with its "\n":
 * `23:52:07 ✗✗✓ fill qwen3:8b validatord 1.9 s fec5120f  no JSON object in output`. Times are of UTC, the text at the end is the
 * last refusal's. Columns are as wide as their widest cell so far.
 */
export function createSessionLinePrinter(terminal: Terminal): (record: Uint8Array) => string {
  const { width = Number.POSITIVE_INFINITY } = terminal;
  const [narrow, tiny] = [width < DATE_WIDTH_MIN, width < TIME_WIDTH_MIN];
  const widths: number[] = tiny ? [3, 4, 0, 0, 0] : [3, 5, 0, 0, 6];
  const model_max = tiny ? Math.max(3, width - OTHER_COLUMNS) : narrow ? MODEL_COLUMNS_MAX : undefined;
  const column = (index: number, text: string, max = Number.POSITIVE_INFINITY) => {
    const shown = max === Number.POSITIVE_INFINITY ? text : cutToWidth(text, max);
    const columns = Math.max(widths[index] ?? 0, textWidth(shown));
    widths[index] = columns;
    return shown + " ".repeat(columns - textWidth(shown));
  };
  return (record) => {
    const session = decodeShown(record);
    const { attempts, final_verdict, timestamp } = session;
    const iso = timestamp === undefined ? "" : new Date(timestamp.seconds * 1000).toISOString();
    const time = tiny ? "" : `${narrow ? iso.slice(11, 19) : iso.slice(0, 19).replace("T", " ")} `;
    const marks = attempts.map(({ verdict_kind }) => mark(verdict_kind));
    const shown = marks.length > SHOWN_ATTEMPTS_MAX ? ["…", ...marks.slice(-SHOWN_ATTEMPTS_MAX)] : marks;
    const pips = shown.join("") || mark(final_verdict);
    const cells = [
      column(1, oneLine(session.kind)),
      column(2, oneLine(session.model), model_max),
      ...(tiny ? [] : [column(3, oneLine(session.daemon), narrow ? DAEMON_COLUMNS_MAX : undefined)]),
      column(4, durationText(session.duration_ms)),
      oneLine(session.session_id.slice(0, 8)),
    ];
    const reason = oneLine(reasonOf(session));
    const line = `${time}${column(0, pips)} ${cells.join(" ")}${reason === "" ? "" : `  ${reason}`}`;
    const cut = width === Number.POSITIVE_INFINITY ? line : cutToWidth(line, width);
    const at = time.length + pips.length;
    const coloured = cut
      .slice(time.length, at)
      .replaceAll(/✓+/g, (accepted) => paint(terminal, accepted, "green"))
      .replaceAll(/[✗!]+/g, (failed) => paint(terminal, failed, "red"));
    const rest = cut.slice(at);
    const end =
      session.grounded_in_roster === false ? rest.replace(/ungrounded/, (word) => paint(terminal, word, "red")) : rest;
    return `${cut.slice(0, time.length)}${coloured}${end}\n`;
  };
}

/** The record; without its artifact when that is deeper than the decoder goes. */
function decodeShown(record: Uint8Array): SessionRecord {
  try {
    return SessionRecord.decode(record);
  } catch {
    return SessionRecord.decode(withoutArtifact(record));
  }
}

function withoutArtifact(record: Uint8Array): Uint8Array {
  const cursor = createCursor(record);
  const fields: Uint8Array[] = [];
  while (cursor.at < cursor.end) {
    const { at } = cursor;
    const tag = readTag(cursor);
    skipField(cursor, tag);
    if (tag !== SESSION_RECORD_FIELDS.artifact.tag) fields.push(record.subarray(at, cursor.at));
  }
  return Buffer.concat(fields);
}

/** Whom an ungrounded session names, one of whom is not on the roster; else what was said of its last refusal. */
function reasonOf({ grounded_in_roster, artifact, attempts }: SessionRecord): string {
  const refusal = attempts.findLast(({ error }) => error !== "")?.error ?? "";
  if (grounded_in_roster !== false) return refusal;
  const fills: unknown = Object(artifact).fills;
  const ids = Array.isArray(fills) ? fills.map((fill: unknown) => String(Object(fill).candidate_id)) : [];
  return `ungrounded${ids.length === 0 ? "" : `: ${ids.join(", ")}`}`;
}

function mark(verdict: string): string {
  if (verdict === "accepted") return "✓";
  return verdict === "infra_error" ? "!" : "✗";
}

/** 420 ms, 4.2 s, 3 min 5 s, 2 h 10 min */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
