import { appendFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { namedSql } from "../../src/query/catalog.js";
import { HEADERS } from "../../src/view/http/headers.js";
import { compact, copyOf, listChecksums } from "../query/compact/support.js";
import { exampleRows, read, rowsOf, segment, temporaryDirectory, text, writeFiles } from "../query/support.js";
import facets from "./api/facets.json" with { type: "json" };
import overview from "./api/overview.json" with { type: "json" };
import panel from "./api/panel.json" with { type: "json" };
import refusals from "./api/refusals.json" with { type: "json" };
import session from "./api/session.json" with { type: "json" };
import refused from "./api/session-refused.json" with { type: "json" };
import sessions from "./api/sessions.json" with { type: "json" };
import { ask, ROSTER, start, view } from "./support.js";

const EXAMPLES = "examples/sessions.jsonl";
/** One for all tests of the examples: nothing of it changes. */
let examples: Awaited<ReturnType<typeof start>>;
beforeAll(async () => {
  examples = await start(EXAMPLES, { roster: ROSTER, path_flags: ["--path", EXAMPLES] });
});
afterAll(() => examples.close());

/** Of an answer, what does not differ from run to run. */
const same = (answer: object) => ({ ...answer, asked: undefined, ms: undefined });

describe("every route, over the example sessions", () => {
  test("answers as the agreement's examples say", async () => {
    const { get, url } = examples;
    // The audit is made in the background.
    await expect
      .poll(async () => Object(await get("api/overview")).alarm.audit.state, { timeout: 60_000 })
      .toBe("done");
    const found = await get("api/overview");
    expect(same(found)).toEqual({ ...same(overview), sql: found.sql });
    expect(same(await get("api/refusals"))).toEqual({ ...same(refusals), sql: expect.anything() });
    expect(same(await get("api/facets"))).toEqual(same(facets));
    expect(same(await get("api/sessions?limit=20"))).toEqual({ ...same(sessions), command: expect.any(String) });
    expect(same(await get(`api/session?id=${session.session_id}`))).toEqual(same(session));
    expect(same(await get(`api/session?id=${refused.session_id.slice(0, 8)}`))).toEqual(same(refused));
    expect(same(await get("api/panel/attempts-distribution"))).toEqual(same(panel));
    const raw = await ask(`${url}api/raw?id=${session.session_id}`);
    expect([raw.body, raw.headers["content-disposition"]]).toEqual([
      `${session.raw}\n`,
      'attachment; filename="session-698.json"',
    ]);
  });

  test.each([
    ["alarm", ""],
    ["first-shot-weeks", "by=kind"],
    ["model-regressions", "min_drop=1"],
    ["outcomes", ""],
    ["silent-daemons", "days=1"],
    ["three-refusals", "refusals=2"],
    ["no-retry", "max_retried=9"],
    ["infra-errors", "span=day"],
    ["grounded-share", ""],
  ])("gives the rows of the query %s", async (name, parameters) => {
    const { get } = examples;
    const found = await get(`api/panel/${name}?kind=fill&${parameters}`);
    const [variable = "", value = ""] = parameters.split("=");
    const variables = variable === "" ? {} : { [variable]: /^\d/.test(value) ? Number(value) : value };
    const filter = {
      since_ms: undefined,
      until_ms: undefined,
      kinds: ["fill"],
      daemons: [],
      models: [],
      providers: [],
      verdicts: [],
    };
    const { value: rows } = await read(EXAMPLES, (reader) => rowsOf(reader, namedSql(name)), { filter, variables });
    expect(found.rows).toEqual(rows.slice(0, 1000));
    expect(rows.length).toBeGreaterThan(0);
  });

  test("says what cannot be used, and where", async () => {
    const { get, url, warnings } = examples;
    await get("api/facets");
    const said = async (route: string) => {
      const { status, body } = await ask(url + route);
      return `${status} ${JSON.parse(body).error.code}: ${JSON.parse(body).error.message}`;
    };
    expect(await said("api/overview?kin=x")).toBe('400 bad_request: there is no parameter "kin"');
    expect(await said("api/overview?since=yesterday")).toMatch(/^400 bad_request: since: expected a duration/);
    expect(await said("api/overview?since=1d&until=2d")).toBe("400 bad_request: since: must be before until");
    expect(await said("api/overview?alarm=yes")).toBe("400 bad_request: alarm: expected any, ungrounded, unchecked");
    expect(await said("api/overview?pattern=x")).toMatch(/^400 bad_request: pattern: expected 1 to 40/);
    expect(await said(`api/overview?find=${"x".repeat(1001)}`)).toMatch(/^400 bad_request: find: has 1001/);
    expect(await said("api/overview?find=a&find=b")).toBe("400 bad_request: find: is there more than once");
    expect(await said("api/sessions?limit=201")).toBe("400 bad_request: limit: expected a whole number from 1 to 200");
    expect(await said("api/sessions?before=1%20OR%201")).toMatch(/^400 bad_request: before: expected a whole number/);
    expect(await said("api/panel/first-shot?by=kind")).toBe('400 bad_request: there is no parameter "by"');
    expect(await said("api/panel/first-shot-weeks?by=x")).toBe(
      "400 bad_request: by: expected one of model, kind, daemon",
    );
    expect(await said("api/panel/replay-runs")).toBe(
      "400 bad_request: replay-runs: start sessionlog view with --replay-runs",
    );
    expect(await said("api/panel/nothing")).toBe("404 not_found: there is nothing here");
    expect(await said("api/panel/../../etc/passwd")).toBe("404 not_found: there is nothing here");
    expect(await said("api/session?id=zzz")).toBe("404 not_found: no session has an id that begins with zzz");
    expect(await said("api/session?id=1")).toMatch(/^409 ambiguous: several ids begin with 1: /);
    expect(await said("api/session")).toMatch(/^400 bad_request: id: expected/);
    expect(await said("api/raw?sequence=2001")).toBe("404 not_found: there is no row 2001");
    expect(await said(`api/session?id=${encodeURIComponent("' OR true --")}`)).toMatch(/^404 not_found/);
    expect((await ask(`${url}api/overview?model=%00`)).status).toBe(200);
    expect(warnings).toEqual([]);
  });
});

describe("filters", () => {
  test.each([
    "since=2026-10-12&until=2026-10-19",
    "since=2026-10-12T05:30:00Z&until=2026-10-14T17:45:00Z",
    "since=2026-10-12T05:30:00Z&until=2026-10-12T17:45:00Z&kind=fill",
    "model=qwen3:8b&model=&verdict=accepted",
    "provider=ollama&daemon=validatord",
    "alarm=any",
    "pattern=vvv&kind=fill",
    "find=W-9917",
    "find=OFFSET&model=qwen3:8b",
    `reason=${encodeURIComponent("no JSON object in output")}&since=2026-11-01`,
    `reason=${encodeURIComponent('fills[N].candidate_id "…" is not on the roster')}&find=w-95`,
  ])("%s gives the same numbers as the rows that pass", async (filter) => {
    const { get } = examples;
    const { total, days } = Object(await get(`api/overview?${filter}`));
    const page = Object(await get(`api/sessions?${filter}&limit=200`));
    const listed: Record<string, unknown>[] = [...page.sessions];
    for (let before = page.before; before !== null; ) {
      const next = Object(await get(`api/sessions?${filter}&before=${before}`));
      listed.push(...next.sessions);
      before = next.before;
    }
    expect(listed.length).toBe(total.sessions);
    expect(page.total).toBe(total.sessions);
    expect(listed.length).toBeGreaterThan(0);
    expect(days.reduce((sum: number, day: { sessions: number }) => sum + day.sessions, 0)).toBe(total.sessions);
    expect(new Set(listed.map(({ sequence }) => sequence)).size).toBe(listed.length);
  });

  test("that have to be found are found once for requests that come together", async () => {
    const { url, get } = examples;
    await get("api/facets");
    const filter = `reason=${encodeURIComponent("no JSON object in output")}&until=2026-11-09`;
    const routes = ["overview", "refusals", "sessions", "facets", "panel/alarm", "overview"];
    const answers = await Promise.all(routes.map((route) => ask(`${url}api/${route}?${filter}`)));
    expect(answers.map(({ status }) => status)).toEqual(routes.map(() => 200));
  });

  test("says which filter removes all sessions", async () => {
    const { get } = examples;
    const { removed_by } = Object(await get("api/overview?model=qwen3:8b&daemon=nobody"));
    expect(removed_by).toEqual([{ filter: "daemon", value: "nobody", sessions: 731 }]);
    expect(Object(await get("api/overview?kind=email&alarm=any")).removed_by).toEqual([
      { filter: "kind", value: "email", sessions: 2 },
      { filter: "alarm", value: "any", sessions: 445 },
    ]);
  });
});

describe("the server", () => {
  test("has the policy and the other headers on every answer, whatever its status", async () => {
    const { url, port } = examples;
    const root = `http://127.0.0.1:${port}/`;
    const answers = await Promise.all([
      ask(`${url}api/facets`),
      ask(url),
      ask(`${url}nothing`),
      ask(root),
      ask(`${url}api/facets`, { headers: { host: "evil.example" } }),
      ask(`${url}api/facets`, { method: "POST" }),
      ask(`${url}api/facets?x=1`),
      ask(`${url}api/sql`, { method: "POST", body: "x" }),
      ask(`${url}api/facets`, { headers: { "x-long": "x".repeat(20_000) } }),
    ]);
    for (const { headers, status } of answers) {
      expect(headers, String(status)).toMatchObject(HEADERS);
    }
    expect(answers.map(({ status }) => status)).toEqual([expect.any(Number), 404, 404, 401, 403, 405, 400, 400, 400]);
  });

  test("refuses two Hosts, and none", async () => {
    const { url, port } = examples;
    const own = `127.0.0.1:${port}`;
    const status = (headers: readonly string[]) =>
      new Promise((done) => {
        const sent = get({
          host: "127.0.0.1",
          port,
          path: new URL(url).pathname,
          headers: [...headers],
          setHost: false,
        });
        sent.on("response", (answer) => done(answer.resume().statusCode)).on("error", (error) => done(error.message));
      });
    expect(await status(["Host", own, "Host", "evil.example"])).not.toBe(200);
    expect(await status(["Host", own, "Host", own])).not.toBe(200);
    expect(await status([])).not.toBe(200);
    expect(await status(["Host", own])).toBe(404);
  });

  test("answers 200 requests at once, or says busy", async () => {
    const { url, get } = examples;
    await get("api/facets");
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, index) => ask(`${url}api/overview?since=2026-10-${(index % 20) + 10}T01:00:00Z`)),
    );
    const count = (status: number) => answers.filter((each) => each.status === status).length;
    expect(count(200) + count(503)).toBe(200);
    expect(count(200)).toBeGreaterThanOrEqual(34);
    for (const { status, headers } of answers) if (status === 503) expect(headers["retry-after"]).toBe("1");
  });

  test("stops the older of two requests of one page for the same", async () => {
    const { url, get } = examples;
    await get("api/facets");
    const [older, newer] = await Promise.all([
      ask(`${url}api/refusals?tab=t1&find=a`),
      ask(`${url}api/refusals?tab=t1&find=b`),
    ]);
    expect([older.status, newer.status]).toEqual([409, 200]);
    const others = await Promise.all([ask(`${url}api/facets?tab=a`), ask(`${url}api/facets?tab=b`)]);
    expect(others.map(({ status }) => status)).toEqual([200, 200]);
  });

  test("runs SQL in a process of its own, with the filters as views", async () => {
    const { url, get } = await view(EXAMPLES, { path_flags: ["--path", resolve(EXAMPLES)] });
    await get("api/facets");
    const sql = async (text: string, query = "") => {
      const { status, body } = await ask(`${url}api/sql${query}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ sql: text }),
      });
      return { status, ...JSON.parse(body) };
    };
    expect(await sql("SELECT kind, count(*) AS n FROM sessions GROUP BY kind", "?kind=email&pattern=v")).toMatchObject({
      status: 200,
      columns: [
        { name: "kind", numeric: false },
        { name: "n", numeric: true },
      ],
      rows: [["email", 445]],
      truncated: false,
      warnings: [expect.stringContaining("pattern")],
      command: expect.stringContaining("--kind email"),
    });
    const many = await sql("SELECT * FROM range(12000) ORDER BY 1");
    expect([many.rows.length, many.rows[9_999], many.truncated]).toEqual([10_000, [9_999], true]);
    expect(await sql("DROP TABLE x")).toMatchObject({
      status: 422,
      error: { code: "sql", message: expect.stringContaining("only one SELECT") },
    });
    expect(await sql("SELECT * FROM read_text('/etc/passwd')")).toMatchObject({ status: 422 });
    expect(await sql("SELECT modle FROM sessions")).toMatchObject({
      status: 422,
      error: { details: expect.stringContaining("LINE 1") },
    });
    expect(await sql("x".repeat(70_000))).toMatchObject({ status: 413, error: { code: "too_large" } });
  }, 120_000);
});

describe("the session log", () => {
  test("is asked for again until it is there, with the command line's words", async () => {
    const directory = temporaryDirectory();
    const { url, get } = await view(directory);
    const failure = async () => {
      const { status, body } = await ask(`${url}api/overview`);
      return `${status} ${JSON.parse(body).error?.message}`;
    };
    await expect.poll(failure, { timeout: 60_000 }).toBe(`502 ${directory}: there is no session log here`);
    writeFiles(directory, { "sessions.jsonl": "" });
    await expect.poll(async () => (await ask(`${url}api/overview`)).status, { timeout: 60_000 }).toBe(200);
    const { journal, total, alarm } = Object(await get("api/overview"));
    expect(journal).toMatchObject({ rows: 0, oldest: null, newest: null, complete: true });
    expect([total.sessions, alarm.accepted_fills]).toEqual([0, 0]);
  });

  test("is shown as far as it can be read, with the command line's words for the rest", async () => {
    const directory = temporaryDirectory();
    writeFiles(directory, { [`${segment(1, 50)}.gz`]: text(exampleRows.slice(0, 50)), "sessions.jsonl": "garbage\n" });
    writeFileSync(join(directory, `${segment(51, 60)}.gz`), "damaged");
    const { get } = await view(directory);
    const { journal } = Object(await get("api/facets"));
    expect(journal).toMatchObject({ rows: 50, complete: false });
    expect(journal.warnings.join("\n")).toMatch(/left out: damaged gzip/);
    expect(journal.warnings.join("\n")).toMatch(/skipped 1 line that is not a row/);
  });

  test("grows as rows come, over a rotation, and tells live pages", async () => {
    const directory = temporaryDirectory();
    const path = join(directory, "sessions.jsonl");
    writeFiles(directory, { "sessions.jsonl": text(exampleRows.slice(0, 5)) });
    const { url, get } = await view(directory);
    await get("api/facets");
    const events: { name: string; data: Record<string, unknown> }[] = [];
    const stream = await follow(`${url}api/live`, events);
    await expect.poll(() => events[0]).toMatchObject({ name: "state", data: { state: "following" } });
    appendFileSync(path, text(exampleRows.slice(5, 7)));
    await expect
      .poll(() => events.filter(({ name }) => name === "sessions").flatMap(({ data }) => data.sessions), {
        timeout: 60_000,
      })
      .toMatchObject([{ sequence: 6, session_id: JSON.parse(exampleRows[5] ?? "").session_id }, { sequence: 7 }]);
    renameSync(path, join(directory, segment(1, 7)));
    writeFileSync(path, text(exampleRows.slice(7, 8)));
    await expect.poll(async () => Object(await get("api/overview")).total.sessions, { timeout: 60_000 }).toBe(8);
    expect(Object(await get("api/sessions?after=7")).sessions).toMatchObject([{ sequence: 8 }]);
    stream.destroy();
  });

  test("gives the same answers from Parquet copies, and goes on without a segment that is removed", async () => {
    const directory = temporaryDirectory();
    const names = [`${segment(1, 1200)}.gz`, `${segment(1201, 1900)}.gz`];
    writeFiles(directory, {
      [names[0] ?? ""]: text(exampleRows.slice(0, 1200)),
      [names[1] ?? ""]: text(exampleRows.slice(1200, 1900)),
      "sessions.jsonl": text(exampleRows.slice(1900)),
    });
    listChecksums(directory, names);
    await compact(directory);
    const { get } = await view(directory, { roster: ROSTER });
    const filter = "since=2026-10-12T05:30:00Z&kind=fill";
    for (const route of [
      `overview?${filter}`,
      `refusals?${filter}`,
      `sessions?${filter}`,
      "sessions?find=W-9917",
      "facets",
    ]) {
      const found = await get(`api/${route}`);
      const expected = await examples.get(`api/${route}`);
      const differing = {
        journal: undefined,
        asked: undefined,
        command: undefined,
        alarm: undefined,
        viewer: undefined,
      };
      expect({ ...found, ...differing }).toEqual({ ...expected, ...differing });
      expect(found.journal).toMatchObject({ rows: 2000, segments: 2, compacted: 2, complete: true, warnings: [] });
    }
    const { session_id } = session;
    const detail = await get(`api/session?id=${session_id}`);
    expect({ ...same(detail), command: "" }).toEqual({ ...same(session), command: "", raw: null, raw_bytes: 0 });
    for (const name of [names[0] ?? "", copyOf(1, 1200)]) rmSync(join(directory, name));
    await expect.poll(async () => Object(await get("api/overview")).total?.sessions, { timeout: 60_000 }).toBe(800);
  });

  test("has four live pages at most", async () => {
    const { url, get } = examples;
    await get("api/facets");
    const streams = await Promise.all(Array.from({ length: 4 }, () => follow(`${url}api/live`, [])));
    const fifth = await ask(`${url}api/live`);
    expect([fifth.status, JSON.parse(fifth.body).error.code]).toEqual([503, "busy"]);
    for (const stream of streams) stream.destroy();
    await expect
      .poll(async () => {
        const one = await follow(`${url}api/live`, []).catch(() => undefined);
        one?.destroy();
        return one !== undefined;
      })
      .toBe(true);
  });
});

/** Follows a stream of events; rejects when it is not one. */
function follow(url: string, events: { name: string; data: Record<string, unknown> }[]) {
  return new Promise<{ destroy(): void }>((done, reject) => {
    const sent = get(url, (answer) => {
      if (answer.statusCode !== 200) return reject(new Error(String(answer.statusCode)));
      let text = "";
      answer.setEncoding("utf8").on("data", (block: string) => {
        text += block;
        const parts = text.split("\n\n");
        text = parts.pop() ?? "";
        for (const part of parts) {
          const [, name, data] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
          if (name !== undefined) events.push({ name, data: JSON.parse(data ?? "") });
        }
      });
      answer.on("error", () => {});
      done({ destroy: () => sent.destroy() });
    });
    sent.on("error", () => {});
  });
}

test("hostile rows come as they are, as JSON", async () => {
  const directory = temporaryDirectory();
  const hostile = "<img src=x onerror=alert(1)></script>\u202e\u001b[31m\u2028__proto__";
  const row = {
    ...JSON.parse(exampleRows[1] ?? ""),
    session_id: "hostile",
    model: hostile,
    prompt: "x".repeat(4000),
    artifact: JSON.parse(`{"__proto__":{"fills":[1]},"fills":[{"candidate_id":"W-1' OR true --"}],"</script>":1}`),
    attempts: [{ iteration: 0, verdict_kind: "accepted", error: hostile }],
  };
  writeFiles(directory, { "sessions.jsonl": text([JSON.stringify(row)]) });
  const { get } = await view(directory, { roster: ROSTER });
  const found = Object(await get("api/session?id=hostile"));
  expect(found.model).toBe(hostile);
  expect(JSON.stringify(found.artifact)).toBe(JSON.stringify(row.artifact));
  expect(found.roster.unknown).toEqual(["W-1' OR true --"]);
  expect(Object(await get(`api/overview?model=${encodeURIComponent(hostile)}`)).total.sessions).toBe(1);
});
