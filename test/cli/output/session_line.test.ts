import { describe, expect, test } from "vitest";
import { createRowPrinter, createSessionLinePrinter } from "../../../src/cli/output/session_line.js";
import type { Terminal } from "../../../src/cli/output/terminal.js";
import { terminalText } from "../../../src/cli/output/terminal_output.js";
import { recordJsonToBytes } from "../../../src/record/index.js";
import { readGoldenAccepts } from "../../support/golden.js";
import { sessionBytes } from "../../support/server.js";

const attempt = (verdict_kind: string, iteration: number) => ({ iteration, verdict_kind });
const attempts = (...kinds: readonly string[]) => kinds.map(attempt);
const plain = { width: undefined, colours: false };

describe("createSessionLinePrinter", () => {
  const sessionLine = (bytes: Uint8Array, terminal: Terminal) => createSessionLinePrinter(terminal)(bytes);
  const session = {
    session_id: "4bf92f3577b34da6a3ce929d0e0e4736",
    model: "qwen3:8b",
    duration_ms: 4_210,
    final_verdict: "accepted",
    attempts: attempts("no_json", "validation_failed", "accepted"),
  };

  test.each([
    ["an accepted session", {}, "✗✗✓ fill  qwen3:8b validatord 4.2 s  4bf92f35"],
    ["an ungrounded one", { grounded_in_roster: false }, "✗✗✓ fill  qwen3:8b validatord 4.2 s  4bf92f35  ungrounded"],
    [
      "whom an ungrounded one names",
      { grounded_in_roster: false, artifact: { fills: [{ candidate_id: "W-1" }, { candidate_id: "W-9" }] } },
      "✗✗✓ fill  qwen3:8b validatord 4.2 s  4bf92f35  ungrounded: W-1, W-9",
    ],
    [
      "the last refusal",
      {
        attempts: [
          { iteration: 1, verdict_kind: "no_json", error: "no JSON object\nin output" },
          { iteration: 2, verdict_kind: "accepted" },
        ],
      },
      "✗✓  fill  qwen3:8b validatord 4.2 s  4bf92f35  no JSON object\\nin output",
    ],
    ["a grounded one", { grounded_in_roster: true }, "✗✗✓ fill  qwen3:8b validatord 4.2 s  4bf92f35"],
    [
      "one that was given up",
      { final_verdict: "max_iter_exhausted", attempts: attempts("no_json", "no_json") },
      "✗✗  fill  qwen3:8b validatord 4.2 s  4bf92f35",
    ],
    [
      "one that broke",
      { final_verdict: "infra_error", attempts: attempts("infra_error") },
      "!   fill  qwen3:8b validatord 4.2 s  4bf92f35",
    ],
    [
      "one without attempts or model",
      { final_verdict: "infra_error", attempts: [], model: "" },
      "!   fill   validatord 4.2 s  4bf92f35",
    ],
    [
      "many attempts",
      { attempts: attempts(...Array.from({ length: 99 }, () => "no_json"), "accepted") },
      "…✗✗✗✗✗✗✗✗✗✗✗✓ fill  qwen3:8b validatord 4.2 s  4bf92f35",
    ],
    [
      "what a terminal would obey",
      { model: "\u001b[31mred\n" },
      "✗✗✓ fill  \\u001b[31mred\\n validatord 4.2 s  4bf92f35",
    ],
    ["what would turn the line around", { model: "a\u202eb" }, "✗✗✓ fill  a\\u202eb validatord 4.2 s  4bf92f35"],
    ["less than a second", { duration_ms: 999 }, "✗✗✓ fill  qwen3:8b validatord 999 ms 4bf92f35"],
    ["almost a minute", { duration_ms: 59_940 }, "✗✗✓ fill  qwen3:8b validatord 59.9 s 4bf92f35"],
    ["minutes", { duration_ms: 185_000 }, "✗✗✓ fill  qwen3:8b validatord 3 min 5 s 4bf92f35"],
    ["hours", { duration_ms: 7_800_000 }, "✗✗✓ fill  qwen3:8b validatord 2 h 10 min 4bf92f35"],
  ])("createSessionLinePrinter prints %s", (_, fields, expected) => {
    expect(sessionLine(sessionBytes({ ...session, ...fields }), plain)).toBe(`2026-05-02 05:22:09 ${expected}\n`);
  });

  test("createSessionLinePrinter keeps to the terminal's width", () => {
    const bytes = sessionBytes({ ...session, model: "日本語のモデル", grounded_in_roster: false });
    expect(sessionLine(bytes, { width: 45, colours: false })).toBe("✗✗✓ fill 日本語の… 4.2 s 4bf92f35  ungrounded\n");
    expect(sessionLine(bytes, { width: 20, colours: false })).toBe("✗✗✓ fill 日… 4.2 s …\n");
  });

  test("createSessionLinePrinter colours the marks and the alarm", () => {
    const bytes = sessionBytes({ ...session, grounded_in_roster: false });
    const painted = sessionLine(bytes, { width: undefined, colours: true });
    expect(terminalText(painted)).toBe(
      "2026-05-02 05:22:09 \u001b[31m✗✗\u001b[0m\u001b[32m✓\u001b[0m fill  qwen3:8b validatord 4.2 s  4bf92f35  \u001b[31mungrounded\u001b[0m\n",
    );
  });

  test("createSessionLinePrinter aligns its columns, within 80", () => {
    const print = createSessionLinePrinter({ width: 80, colours: false });
    const refused = [{ iteration: 1, verdict_kind: "no_json", error: "no JSON object in output" }];
    const lines = [
      session,
      {
        ...session,
        model: "mistral-small3.2:24b",
        daemon: "shiftbot",
        kind: "playbook",
        attempts: attempts("accepted"),
      },
      { ...session, final_verdict: "max_iter_exhausted", attempts: refused },
    ].map((fields) => print(sessionBytes(fields)));
    expect(lines).toEqual([
      "05:22:09 ✗✗✓ fill  qwen3:8b validatord 4.2 s  4bf92f35\n",
      "05:22:09 ✓   playbook mistral-small… shiftbot   4.2 s  4bf92f35\n",
      "05:22:09 ✗   fill     qwen3:8b       validatord 4.2 s  4bf92f35  no JSON object…\n",
    ]);
  });
});

describe("createRowPrinter", () => {
  const print = createRowPrinter();

  test("createRowPrinter prints every golden row as it is stored", () => {
    for (const { row } of readGoldenAccepts()) {
      const record = recordJsonToBytes(row);
      expect(record.ok && print(record.bytes)).toBe(`${row}\n`);
    }
  });

  test("createRowPrinter prints kinds that nobody configured", () => {
    expect(print(sessionBytes({ kind: "poem" }))).toContain('"kind":"poem"');
  });

  test("createRowPrinter prints what was a row to an older logger", () => {
    const line = print(sessionBytes({ session_id: "not an id", kind: "" }));
    expect(JSON.parse(line)).toMatchObject({ session_id: "not an id", final_verdict: "infra_error" });
    expect(print(sessionBytes({ timestamp: null }))).not.toContain("timestamp");
  });
});
