import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { readSource } from "../../../src/view/report/read_source.js";

const pad = (sequence: number) => String(sequence).padStart(20, "0");
const row = '{"schema":"session.iterate.v1","session_id":"s"}\n';

test("readSource names the sealed sequences and digests their checksums, in the order of their names", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sessionlog-source-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const names = [`s-${pad(1)}-${pad(1)}.jsonl`, `s-${pad(2)}-${pad(2)}.jsonl`];
  for (const name of [...names, "s.jsonl"]) writeFileSync(join(directory, name), row);
  const digest = createHash("sha256").update(row).digest("hex");
  const lines = names.map((name) => `${digest}  ${name}\n`);
  writeFileSync(join(directory, "s.sha256"), `${lines.toReversed().join("")}${digest}  s-gone.jsonl\n`);
  expect(await readSource([directory], ["shown"])).toEqual({
    paths: ["shown"],
    segments: 2,
    active: true,
    first_sequence: 1,
    last_sequence: 2,
    checksums_sha256: createHash("sha256").update(lines.join("")).digest("hex"),
  });
  expect(await readSource([join(directory, names[1] ?? "")], [])).toMatchObject({
    segments: 1,
    active: false,
    first_sequence: 2,
    last_sequence: 2,
  });
});
