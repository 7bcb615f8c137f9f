import { expect, test } from "vitest";
import { printTable } from "../../../src/cli/output/table.js";
import { textWidth } from "../../../src/cli/output/terminal.js";
import { terminalText } from "../../../src/cli/output/terminal_output.js";

const table = {
  columns: [
    { name: "name", numeric: false },
    { name: "n", numeric: true },
    { name: "text", numeric: false },
  ],
  rows: [
    ["Đorđe", "7", "a long text that goes on"],
    ["日本", "1234567", undefined],
  ],
};

test("printTable cuts the widest texts so that lines fit", () => {
  expect(printTable(table, { width: 30, colours: false }).split("\n")).toEqual([
    "name         n  text",
    "─────  ───────  ──────────────",
    "Đorđe        7  a long text t…",
    "日本   1234567  null",
    "",
  ]);
});

test("printTable tells each row line by line when the columns do not fit", () => {
  expect(printTable(table, { width: 18, colours: false }).split("\n")).toEqual([
    "name  Đorđe",
    "n     7",
    "text  a long text…",
    "",
    "name  日本",
    "n     1234567",
    "text  null",
    "",
  ]);
});

test("printTable colours the header, the rule and NULL only", () => {
  const text = printTable(
    { columns: table.columns.slice(0, 1), rows: [["x"], [undefined]] },
    { width: 80, colours: true },
  );
  expect(terminalText(text)).toBe(
    "\u001b[1mname\u001b[0m\n\u001b[2m────\u001b[0m\nx   \n\u001b[2mnull\u001b[0m\n".replace("x   ", "x"),
  );
});

test("printTable keeps 80 columns with wide, combining and pictured characters", () => {
  const columns = ["prompt", "model"].map((name) => ({ name, numeric: false }));
  const rows = ["日本語のモデル", "한국어 ", "🙂👨‍👩‍👧", "e\u0301a\u0300", "हिन्दी "].map((text) => [
    text.repeat(40),
    "qwen3:8b",
  ]);
  const lines = printTable({ columns, rows }, { width: 80, colours: false }).trimEnd().split("\n");
  const [header = "", rule, ...body] = lines;
  expect([header.indexOf("model"), rule]).toEqual([72, `${"─".repeat(70)}  ${"─".repeat(8)}`]);
  expect(body.map((line) => textWidth(line.slice(0, line.indexOf("qwen3:8b"))))).toEqual(rows.map(() => 72));
});

const shares = {
  columns: [
    { name: "model", numeric: false },
    { name: "provider", numeric: false },
    { name: "first_shot_share", numeric: true },
    { name: "timestamp", numeric: false },
    { name: "session_id", numeric: false },
    { name: "verdict_kind", numeric: false },
  ],
  rows: [
    ["qwen3:8b", "ollama", "0.606", "2026-10-19T06:19:43.567Z", "10e1773be131a04f9d29ee620866a3b0", "no_json"],
    ["a-model-of-a-very-long-name", "vllm", "1", "2026-10-27T12:44:31Z", "9b048334574e46b0cf993aa7d9bfcf28", undefined],
  ],
};

test("printTable breaks headings first, as far as their cells allow", () => {
  expect(printTable(shares, { width: 125, colours: false }).split("\n").slice(0, 5)).toEqual([
    "                                       first",
    "                                        shot                                                              verdict",
    "model                        provider  share  timestamp                 session_id                        kind",
    "───────────────────────────  ────────  ─────  ────────────────────────  ────────────────────────────────  ───────",
    "qwen3:8b                     ollama    0.606  2026-10-19T06:19:43.567Z  10e1773be131a04f9d29ee620866a3b0  no_json",
  ]);
});

test("printTable shortens ids and times so that they can be used, then leaves out the provider, then cuts texts", () => {
  expect(printTable(shares, { width: 90, colours: false }).split("\n").slice(2)).toEqual([
    "model                        provider  share  timestamp         id        kind",
    "───────────────────────────  ────────  ─────  ────────────────  ────────  ───────",
    "qwen3:8b                     ollama    0.606  2026-10-19 06:19  10e1773b  ∅",
    "a-model-of-a-very-long-name  vllm          1  2026-10-27 12:44  9b048334  null",
    "",
  ]);
  expect(printTable(shares, { width: 62, colours: false }).split("\n").slice(2)).toEqual([
    "model               share  timestamp         id        kind",
    "──────────────────  ─────  ────────────────  ────────  ───────",
    "qwen3:8b            0.606  2026-10-19 06:19  10e1773b  ∅",
    "a-model-of-a-very…      1  2026-10-27 12:44  9b048334  null",
    "",
  ]);
});
