import { SessionRecord } from "@sessionlog/protocol/gen/sessionlog/v1/session_log";
import { recordToJsonLine } from "@sessionlog/protocol/record_to_json";
import { createRecordToRow } from "../../record/index.js";
import { cutToWidth, type Terminal, textWidth } from "./terminal.js";
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

/** A session in a line for a person, with its "\n": `✗✗✓ fill qwen3:8b 4.2 s 4bf92f35`. A long model is cut first. */
export function sessionLine(record: Uint8Array, { width, colours }: Terminal): string {
  const { attempts, kind, model, duration_ms, session_id, final_verdict, grounded_in_roster } =
    SessionRecord.decode(record);
  const marks = attempts.map(({ verdict_kind }) => mark(verdict_kind));
  const shown = marks.length > SHOWN_ATTEMPTS_MAX ? ["…", ...marks.slice(-SHOWN_ATTEMPTS_MAX)] : marks;
  const head = oneLine(`${shown.join("") || mark(final_verdict)} ${kind}`);
  const alarm = grounded_in_roster === false ? " ungrounded" : "";
  const tail = ` ${spell(duration_ms)} ${oneLine(session_id.slice(0, 8))}${alarm}`;
  const room = width === undefined ? undefined : Math.max(1, width - textWidth(head) - textWidth(tail) - 1);
  const named = model === "" ? "" : ` ${room === undefined ? oneLine(model) : cutToWidth(oneLine(model), room)}`;
  const line = `${head}${named}${tail}`;
  const cut = width === undefined ? line : cutToWidth(line, width);
  return `${colours ? paint(cut) : cut}\n`;
}

function mark(verdict: string): string {
  if (verdict === "accepted") return "✓";
  return verdict === "infra_error" ? "!" : "✗";
}

/** 420 ms, 4.2 s, 3 min 5 s, 2 h 10 min */
function spell(ms: number): string {
  if (ms < 1_000) return `${ms} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The marks, up to the first space, and the word that is an alarm. */
function paint(line: string): string {
  const [marks = "", ...rest] = line.split(" ");
  const coloured = marks.replaceAll("✓", colour(32, "✓")).replaceAll(/[✗!]+/g, (failed) => colour(31, failed));
  return [coloured, ...rest].join(" ").replace(/ ungrounded$/, ` ${colour(31, "ungrounded")}`);
}

function colour(code: number, text: string): string {
  return `\u001b[${code}m${text}\u001b[0m`;
}
