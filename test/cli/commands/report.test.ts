import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { rowText, runCli, temporaryDirectory } from "../support.js";

const MIB = 1024 * 1024;

/** Runs the command over rows; the report is "" when there is none. */
async function report(rows: readonly string[], ...args: readonly string[]) {
  const cwd = temporaryDirectory();
  writeFileSync(join(cwd, "sessions.jsonl"), rows.map((row) => `${row}\n`).join(""));
  writeFileSync(join(cwd, "roster.csv"), "worker_id,name,role\nW-1,Ana Bianchi,welder\n");
  const outcome = await runCli(["report", "--html", "out.html", "--path", "sessions.jsonl", ...args], { cwd });
  const file = join(cwd, "out.html");
  return { ...outcome, html: existsSync(file) ? readFileSync(file, "utf8") : "" };
}

const fill = (values: object = {}) => rowText({ final_verdict: "accepted", grounded_in_roster: true, ...values });
const phantom = (values: object = {}) =>
  fill({
    grounded_in_roster: false,
    artifact: { fills: [{ candidate_id: "W-1" }, { candidate_id: "W-9" }] },
    ...values,
  });

/** What people read of an HTML text, without its style sheet. */
const words = (html: string) =>
  html
    .replace(/<style>[\s\S]*?<\/style>/, "")
    .replace(/<[^>]*>/g, " ")
    .replace(/\s+/g, " ");

/** Nothing that a browser runs, loads or shows wrongly, whatever was in the rows. */
function expectHarmless(html: string): void {
  const style = /<style>([\s\S]*?)<\/style>/.exec(html)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  expect(html).toContain(
    `content="default-src &#39;none&#39;; style-src &#39;sha256-${hash}&#39;"`.replaceAll("&#39;", "'"),
  );
  const rest = html.replace(style, "");
  const tags = [...rest.matchAll(/<([a-z][a-z0-9]*)/gi)].map(([, name = ""]) => name.toLowerCase());
  expect(
    tags.filter((name) => ["script", "img", "iframe", "object", "embed", "link", "base", "form"].includes(name)),
  ).toEqual([]);
  expect(tags.filter((name) => name === "style")).toHaveLength(1);
  const inTags = [...rest.matchAll(/<[a-z][\w-]*((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/gi)].map(
    ([, names = ""]) => names,
  );
  expect(inTags).toHaveLength(tags.length);
  const attributes = inTags.flatMap((names) =>
    [...names.matchAll(/([\w:-]+)(?:="[^"]*")?/g)].map(([, name = ""]) => name),
  );
  expect(attributes.filter((name) => /^(on.*|style|src|srcset|action|formaction)$/.test(name))).toEqual([]);
  expect(
    [...rest.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href).filter((href) => !/^(#|https:\/\/)/.test(href)),
  ).toEqual([]);
  expect(rest).not.toMatch(
    /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/,
  );
  expect(Buffer.byteLength(html)).toBeLessThanOrEqual(2 * MIB);
}

describe("report", () => {
  test("report shows the examples: the phantom by name, qwen3:8b's fall, the growing refusal, and each figure's SQL", async () => {
    const cwd = temporaryDirectory();
    const args = ["--path", resolve("examples"), "--roster", resolve("examples/roster.csv")];
    const run = await runCli(["report", "--html", "r.html", ...args, "--langfuse-url", "https://langfuse.example"], {
      cwd,
    });
    expect(run).toEqual({ code: 0, stdout: "", stderr: "" });
    const html = readFileSync(join(cwd, "r.html"), "utf8");
    expectHarmless(html);
    const text = words(html);
    expect(text).toContain("W-9917 , 19 Oct, shiftbot");
    expect(text).toContain("2 of 1,242 accepted fills, checked against");
    expect(text).toContain("1 not on the roster, and stamped so");
    expect(text).toContain("▼ A phantom worker daemon's stamp: not grounded roster.csv: 1 of 2 found , not W-9917");
    expect(text).toContain("prompts and artifacts of 2 flagged sessions");
    expect(text).toMatch(/qwen3:8b ollama .* 45 ▼ fell beyond chance n 127 40 ▼ fell beyond chance n 117 61 n 721/);
    expect(text).toMatch(/no JSON object in output .{0,200} 104 \+4\.6/);
    expect(html).toContain('href="https://langfuse.example/trace/10e1773be131a04f9d29ee620866a3b0"');
    for (const title of [
      "Tiles",
      "Sessions a day",
      "First-shot success",
      "Refusals by week",
      "Audit",
      "Silent daemons",
    ]) {
      expect(html).toMatch(new RegExp(`<summary>${title}</summary><pre class="sql" tabindex="0">`));
    }
  });

  test("report says what was asked and what was read", async () => {
    const rows = [fill(), fill({ session_id: "s-2", kind: "email" }), "no row"];
    const { code, html, stderr } = await report(rows, "--kind", "fill", "--since", "2026-01-01");
    expect(code).toBe(1);
    expect(stderr).toContain("skipped 1 line that is not a row of a session log");
    const text = words(html);
    expect(text).toContain("Asked: --since 2026-01-01 --kind fill; 1 session of 2.");
    expect(text).toContain("skipped 1 line that is not a row of a session log");
    expect(text).toContain("all 1 accepted fills are grounded in what could be read");
    expect(text).toMatch(/sequences the active file .* made 2026-05-02 05:22:09 UTC, by sessionlog \d/);
  });

  test("report leaves prompts and artifacts out when asked, and still names the worker", async () => {
    const row = phantom({
      prompt: "Ring Ana at home",
      artifact: { note: "private", fills: [{ candidate_id: "W-9" }] },
    });
    const { html } = await report([row], "--roster", "roster.csv", "--no-prompts");
    expect(html).not.toContain("Ring Ana");
    expect(html).not.toContain("private");
    expect(words(html)).toContain("no prompts and no artifacts");
    expect(words(html)).toContain("not W-9");
  });

  test("report ends with 1 for a flagged fill only when asked", async () => {
    expect((await report([phantom()])).code).toBe(0);
    expect((await report([phantom()], "--fail-on-alarm")).code).toBe(1);
    expect((await report([fill()], "--fail-on-alarm")).code).toBe(0);
    const claimed = phantom({ grounded_in_roster: true });
    expect((await report([claimed], "--fail-on-alarm")).code).toBe(0);
    expect((await report([claimed], "--fail-on-alarm", "--roster", "roster.csv")).code).toBe(1);
  });

  test.each([
    [["report"], "report needs --html <file>", 2],
    [["report", "--html", ""], "Expected the path of a file", 2],
    [["report", "--html", "no/dir/r.html", "--path", resolve("examples")], "cannot write", 1],
    [["report", "--html", "r.html", "--path", "nothing"], "no such file or directory", 1],
    [["report", "--html", "r.html", "--limit", "x"], "--limit", 2],
  ])("%j fails in one line", async (args, message, code) => {
    const cwd = temporaryDirectory();
    const run = await runCli(args, { cwd });
    expect(run.code).toBe(code);
    expect(run.stderr).toContain(message);
    expect(run.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(existsSync(join(cwd, "r.html"))).toBe(false);
  });

  test("report of a log without rows says so, and is whole", async () => {
    const { code, html } = await report([]);
    expect(code).toBe(1);
    expectHarmless(html);
    expect(words(html)).toContain("Nothing to check");
  });

  test("report escapes whatever is in a row", async () => {
    const hostile =
      "<img src=x onerror=alert(1)></style></script><script>alert(2)</script>\u202egnp.exe\u001b[31m\u2028\u0000&amp;\"'`";
    const names = { session_id: hostile, daemon: hostile, model: hostile, provider: hostile, prompt: hostile };
    const attempts = [
      { iteration: 0, verdict_kind: "validation_failed", error: `${hostile} "1"`, span_id: hostile },
      { iteration: 1, verdict_kind: hostile, error: `${hostile} "2"`, span_id: hostile },
    ];
    const artifact = JSON.parse(
      `{"__proto__": {"x": 1}, "constructor": 2, "fills": [{"candidate_id": ${JSON.stringify(hostile)}, "${"a".repeat(4000)}": ${JSON.stringify(hostile)}}]}`,
    );
    const rows = [phantom({ ...names, attempts, artifact }), rowText({ ...names, kind: hostile, attempts })];
    const { html, code, stderr } = await report(
      rows,
      "--roster",
      "roster.csv",
      "--langfuse-url",
      "https://langfuse.example",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expectHarmless(html);
    expect(html).toContain("&lt;img src=x onerror=alert(1)>");
    expect(html).toContain("\\u202egnp.exe\\u001b[31m\\u2028");
    expect(words(html)).toContain("__proto__");
  });

  test("report counts 10,000 alarms, shows the newest whole and stays below 2 MiB, also of sessions as long as they can be", async () => {
    const time = (index: number) => new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString();
    const few = Array.from({ length: 10_000 }, (_, index) =>
      phantom({ session_id: `p-${index}`, timestamp: time(index) }),
    );
    const { html } = await report(few, "--roster", "roster.csv");
    expectHarmless(html);
    const text = words(html);
    expect(text).toContain("10,000 of 10,000 accepted fills");
    expect(text).toContain("prompts and artifacts of 200 flagged sessions");
    expect(text.match(/A phantom worker/g)).toHaveLength(200);
    expect(html.indexOf("p-9999<")).toBeGreaterThan(0);
    expect(html.indexOf("p-9999<")).toBeLessThan(html.indexOf("p-9998<"));
    expect(text.match(/confirmed ungrounded/g)).toHaveLength(1000);
    expect(text).toContain("and 8,800 more: sessionlog query audit");

    const long = "\u202e<".repeat(2000);
    const attempts = Array.from({ length: 100 }, (_, index) => ({
      iteration: index,
      verdict_kind: index === 99 ? "accepted" : "validation_failed",
      error: `${index} ${long.slice(0, 600)}`,
      span_id: "s".repeat(128),
    }));
    const fills = Array.from({ length: 300 }, (_, index) => ({ candidate_id: `W-${index} ${long.slice(0, 60)}` }));
    const longest = Array.from({ length: 60 }, (_, index) =>
      phantom({
        session_id: `${index}${"x".repeat(120)}`,
        timestamp: time(index),
        daemon: "d".repeat(64),
        model: long.slice(0, 250),
        provider: long.slice(0, 256),
        prompt: long,
        attempts,
        artifact: { fills },
      }),
    );
    const bounded = await report(longest, "--roster", "roster.csv", "--limit", "10000");
    expectHarmless(bounded.html);
    expect(words(bounded.html)).toContain("60 of 60 accepted fills");
    expect(words(bounded.html)).toContain("Cut, as it is long: sessionlog show prints all of it.");
  });
});
