// New sessions as a daemon appends them, through a service that goes away and comes back, and by looking at the file.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startService } from "../harness/server.mjs";
import { openWatched, withBrowser } from "./support/browser.mjs";
import { startViewer } from "./support/viewer.mjs";

const run = promisify(execFile);
const main = new URL("../dist/main.js", import.meta.url).pathname;
/** What is told as an error of the console when a server is away, or when a row has come that is not read from the file yet. */
const AWAY =
  /status of 404|^404 .*session has an id|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/;

/** @type {readonly import("../harness/outcome.mjs").Campaign[]} */
export const liveCampaigns = ["service", "file", "poll"].map((source) => ({
  name: `live-${source}`,
  about: `new sessions come into the page by way of the ${source}`,
  run: ({ directory }) => withBrowser((browser) => follow(browser, directory, source)),
}));

async function follow(browser, directory, source) {
  const log = join(directory, "sessions.jsonl");
  const broken = [];
  let service = await startService(log);
  const { address } = service;
  const append = async (...sessions) => {
    const file = join(directory, "new.jsonl");
    writeFileSync(file, sessions.map((session) => `${JSON.stringify(row(session))}\n`).join(""));
    await run(process.execPath, [main, "append", "--address", address, file]);
  };
  await append({ session_id: "first" });
  const viewer = await startViewer(["--path", log, ...(source === "service" ? ["--address", address] : [])]);
  // As many as may follow at a time: the page asks now and then.
  const held = source === "poll" ? await Promise.all([1, 2, 3, 4].map(() => fetch(`${viewer.url}api/live`))) : [];
  const { page, problems, judge, close } = await openWatched(browser, { origin: viewer.origin });
  let steps = 0;
  const expect = async (what, condition, argument) => {
    steps++;
    await page.waitForFunction(condition, argument, { timeout: 60_000 }).catch(() => broken.push(`does not: ${what}`));
  };
  const hasRow = (id) =>
    expect(`${id} comes`, (text) => document.querySelector(".list")?.textContent.includes(text), id);
  await page.goto(viewer.url);
  await hasRow("first");
  await expect("it follows", () => document.querySelector(".live")?.textContent === "live");
  await append({ session_id: "second" });
  await hasRow("second");
  await expect("new rows are marked", () => document.querySelector("tr.fresh") !== null);
  await append({ session_id: "phantom1", grounded_in_roster: false });
  await expect("the tile is red", () => document.querySelector(".alarm-tile.raised") !== null);
  await expect("the title says so", () => document.title === "▼ 1 sessionlog");
  // The tile may be asked for before the list is: the row is not to be among those that come later.
  await hasRow("phantom1");
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.locator(".list a.id").first().click();
  await expect("a session is open", () => document.querySelector(".detail .chain") !== null);
  await append({ session_id: "third" }, { session_id: "fourth" });
  await expect("the list stands still", () => document.querySelector(".new")?.textContent === "2 new ↑");
  await page.locator(".new").click();
  await hasRow("fourth");
  await page.keyboard.press("Escape");
  broken.push(
    ...(await judge())
      .filter((problem) => !AWAY.test(problem))
      .filter((problem) => source !== "poll" || !/\b503\b/.test(problem)),
  );
  if (source === "service") {
    await service.stop();
    await expect("it is paused", () => document.querySelector(".live")?.textContent.startsWith("paused"));
    service = await startService(log, { args: ["--listen", address] });
    await expect("it follows again", () => document.querySelector(".live")?.textContent === "live");
    await append({ session_id: "fifth" });
    await hasRow("fifth");
  }
  await Promise.all(held.map(({ body }) => body?.cancel()));
  await viewer.stop();
  await expect("a banner says that the viewer has ended", () => document.querySelector(".banner.bad") !== null);
  await hasRow("first");
  broken.push(...problems.filter((problem) => !AWAY.test(problem) && !(source === "poll" && /\b503\b/.test(problem))));
  await close();
  await service.stop();
  return { figures: { steps }, broken };
}

function row({ session_id, grounded_in_roster = true }) {
  return {
    schema: "session.iterate.v1",
    session_id,
    timestamp: new Date().toISOString(),
    daemon: "live",
    kind: "fill",
    model: "m",
    provider: "p",
    prompt: "Fill a slot.",
    iterations: 1,
    max_iterations: 3,
    final_verdict: "accepted",
    attempts: [{ iteration: 0, verdict_kind: "accepted" }],
    artifact: { fills: [{ candidate_id: "W-1" }] },
    grounded_in_roster,
    duration_ms: 5,
  };
}
