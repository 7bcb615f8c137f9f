import {
  type AcceptedRecord,
  createRecordToRow,
  type RefusedRecord,
  recordJsonToBytes,
  type Stamps,
} from "../../src/record/index.js";
import { compileRowSchema } from "../../src/record/schema.js";

export const noStamps: Stamps = {
  session_id: () => {
    throw new Error("session_id was asked for");
  },
  daemon: "",
  timestamp: () => {
    throw new Error("timestamp was asked for");
  },
};

export const recordToRow = createRecordToRow({ kinds: ["fill", "email", "playbook"] });

/** A record that is accepted, as ProtoJSON; tests overwrite what they are about. */
export function goodRecord(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    schema: "session.iterate.v1",
    session_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    timestamp: "2026-05-02T05:22:09.123456789Z",
    daemon: "validatord",
    kind: "fill",
    model: "qwen3:8b",
    provider: "ollama",
    prompt: "Fill 2 welder slots.",
    iterations: 2,
    max_iterations: 3,
    final_verdict: "accepted",
    attempts: [
      { iteration: 0, verdict_kind: "no_json", error: "no JSON", span_id: "a1" },
      { iteration: 1, verdict_kind: "accepted" },
    ],
    artifact: { fills: [{ id: "W-1", score: 0.5, ok: true, note: null }] },
    grounded_in_roster: true,
    duration_ms: 1840,
    ...changes,
  };
}

export function sendJson(json: unknown, stamps: Stamps = noStamps): AcceptedRecord | RefusedRecord {
  const bytes = recordJsonToBytes(JSON.stringify(json));
  return bytes.ok ? recordToRow(bytes.bytes, stamps) : bytes;
}

export function bytesOf(json: unknown): Buffer {
  const bytes = recordJsonToBytes(JSON.stringify(json));
  if (!bytes.ok) throw new Error(JSON.stringify(bytes.violations));
  return Buffer.from(bytes.bytes);
}

/** `field: reason` of each violation, sorted; or the row. */
export function outcome(result: AcceptedRecord | RefusedRecord): string[] | string {
  if (result.ok) return result.row.toString();
  return result.violations.map(({ field, reason }) => `${field}: ${reason}`).sort();
}

/** The wire format, by hand. */
export const wire = {
  varint(value: bigint | number): Buffer {
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
    return Buffer.from([...bytes, Number(rest)]);
  },
  tag: (number: number, type: number): Buffer => wire.varint(number * 8 + type),
  int: (number: number, value: bigint | number): Buffer => Buffer.concat([wire.tag(number, 0), wire.varint(value)]),
  bytes(number: number, value: Uint8Array | string): Buffer {
    const content = Buffer.from(value);
    return Buffer.concat([wire.tag(number, 2), wire.varint(content.length), content]);
  },
  double(number: number, value: number): Buffer {
    const content = Buffer.alloc(8);
    content.writeDoubleLE(value);
    return Buffer.concat([wire.tag(number, 1), content]);
  },
};

/** A Struct with the key "" that holds `levels` lists or objects, one in the other; made in linear time. */
export function nest(levels: number, kind: "list" | "struct"): Buffer {
  // From the innermost out: what is before grows to the left.
  const heads: Buffer[] = [];
  let length = 0;
  const wrap = (number: number) => {
    const head = Buffer.concat([wire.tag(number, 2), wire.varint(length)]);
    heads.push(head);
    length += head.length;
  };
  for (let level = 0; level < levels; level++) {
    wrap(kind === "list" ? 6 : 5);
    if (level === levels - 1) break;
    if (kind === "struct") wrap(2);
    wrap(1);
  }
  wrap(2);
  wrap(1);
  return Buffer.concat(heads.reverse());
}

export function rowOf(json: unknown): string {
  const result = sendJson(json);
  if (!result.ok) throw new Error(JSON.stringify(result.violations));
  return result.row.toString();
}

/** The row's schema as it is for parsed rows: its own keywords measure JSON values. */
export function compileForRows() {
  const bytes = (value: unknown) => Buffer.byteLength(JSON.stringify(value));
  const depth = (value: unknown): number =>
    typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depth)) : 0;
  return compileRowSchema(["fill", "email", "playbook"], { bytes, depth });
}
