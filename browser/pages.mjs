// Every page of the viewer in both themes and widths, and what its keys do.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LOOKS, openWatched, withBrowser } from "./support/browser.mjs";
import { hostileRows, ROSTER } from "./support/hostile.mjs";
import { startViewer } from "./support/viewer.mjs";

const root = new URL("..", import.meta.url).pathname;
const EXAMPLES = ["--path", join(root, "examples"), "--roster", join(root, "examples/roster.csv")];
const SEEN = { timeout: 60_000 };

/** What stands on a page once it is there. */
const PAGES = [
  { name: "overview", path: "?", seen: ".refusals .bars" },
  { name: "a tile's table", path: "?panel=infra-errors", seen: "#query .answer" },
  { name: "alarm and a phantom", path: "?view=sessions&alarm=any#s=10e1773b", seen: ".stamp-box.bad" },
  { name: "a refused session", path: "?kind=fill#s=bbffd539", seen: ".chain .tag" },
  { name: "no session passes", path: "?model=qwen3:8b&kind=fil", seen: ".empty a" },
  { name: "dates", path: "?since=2026-10-20&until=2026-11-03", seen: ".dates input" },
  { name: "SQL", path: "?view=sql", seen: "#sql-text", act: runSql },
  { name: "keys", path: "?", seen: ".refusals .bars", act: showKeys },
];

async function runSql(page) {
  await page.locator(".run").click();
  await page.waitForSelector(".answer td", SEEN);
}

async function showKeys(page) {
  await page.keyboard.press("?");
  await page.waitForSelector("dialog[open]", SEEN);
}

/** @type {readonly import("../harness/outcome.mjs").Campaign[]} */
export const pageCampaigns = [
  {
    name: "pages",
    about: "every page in both themes and widths",
    run: () => withViewer(EXAMPLES, (browser, viewer) => lookAtPages(browser, viewer, PAGES)),
  },
  {
    name: "empty",
    about: "a session log without a session, and a browser without JavaScript",
    run: ({ directory }) => {
      writeFileSync(join(directory, "sessions.jsonl"), "");
      const pages = [{ name: "empty", path: "?", seen: ".empty code" }];
      return withViewer(["--path", join(directory, "sessions.jsonl")], async (browser, viewer) => {
        const outcome = await lookAtPages(browser, viewer, pages);
        const context = await browser.newContext({ javaScriptEnabled: false });
        const page = await context.newPage();
        await page.goto(viewer.url);
        if (!(await page.content()).includes("needs JavaScript"))
          outcome.broken.push("nothing is said without JavaScript");
        await context.close();
        return outcome;
      });
    },
  },
  {
    name: "hostile",
    about: "rows that try to run, to load and to deceive, on every page and each of them open",
    run: ({ directory }) => {
      const log = join(directory, "log");
      mkdirSync(log);
      writeFileSync(
        join(log, "sessions.jsonl"),
        hostileRows()
          .map((row) => `${JSON.stringify(row)}\n`)
          .join(""),
      );
      writeFileSync(join(directory, "roster.csv"), ROSTER);
      return withViewer(["--path", log, "--roster", join(directory, "roster.csv")], lookAtHostile);
    },
  },
];

async function withViewer(args, work) {
  return withBrowser(async (browser) => {
    const viewer = await startViewer(args);
    try {
      return await work(browser, viewer);
    } finally {
      await viewer.stop();
    }
  });
}

async function lookAtPages(browser, { url, origin }, pages) {
  const broken = [];
  for (const look of LOOKS) {
    for (const { name, path, seen, act } of pages) {
      const { page, judge, close } = await openWatched(browser, { ...look, origin });
      await page.goto(url + path);
      await page.waitForSelector(seen, SEEN).catch(() => broken.push(`${name}: ${seen} does not come`));
      await act?.(page);
      broken.push(...(await judge()).map((problem) => `${name}, ${look.width} ${look.theme}: ${problem}`));
      await close();
    }
  }
  return { figures: { pages: pages.length * LOOKS.length }, broken };
}

async function lookAtHostile(browser, { url, origin }) {
  const broken = [];
  let opened = 0;
  for (const look of [LOOKS[0], LOOKS[3]]) {
    const { page, judge, close } = await openWatched(browser, { ...look, origin });
    const check = async (name) =>
      broken.push(...(await judge()).map((problem) => `${name}, ${look.width} ${look.theme}: ${problem}`));
    await page.goto(`${url}?`);
    await page.waitForSelector(".refusals .bars", SEEN);
    await check("overview");
    for (const { session_id } of hostileRows()) {
      await page.goto(`${url}?view=sessions#s=${session_id}`);
      await page.waitForSelector(".detail .chain", SEEN);
      await page.locator(".detail summary").last().click();
      opened++;
    }
    await check("sessions");
    await page.goto(`${url}?view=sql&sql=${encodeURIComponent("SELECT * FROM sessions")}`);
    await runSql(page);
    await check("SQL");
    const polluted = await page.evaluate(() => "polluted" in {});
    if (polluted) broken.push("Object.prototype was changed");
    const text = await page.evaluate(() => document.body.textContent);
    if (/[\u202a-\u202e\u200b\u0085\u2028]/.test(text)) broken.push("hidden characters are not shown as escapes");
    await close();
  }
  return { figures: { sessions: opened }, broken };
}
