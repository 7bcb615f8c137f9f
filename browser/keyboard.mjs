// Every action by keyboard alone.
import { join } from "node:path";
import { openWatched, withBrowser } from "./support/browser.mjs";
import { startViewer } from "./support/viewer.mjs";

const root = new URL("..", import.meta.url).pathname;
const EXAMPLES = ["--path", join(root, "examples"), "--roster", join(root, "examples/roster.csv")];
const TABS_MAX = 400;

/** @type {readonly import("../harness/outcome.mjs").Campaign[]} */
export const keyboardCampaigns = [
  {
    name: "keyboard",
    about: "each key does what the list of keys says, and Tab reaches all that can be clicked",
    run: () =>
      withBrowser(async (browser) => {
        const viewer = await startViewer(EXAMPLES);
        try {
          const watched = await openWatched(browser, { origin: viewer.origin });
          await watched.page.goto(viewer.url);
          const broken = [];
          const steps = await pressKeys(watched.page, broken);
          broken.push(...(await watched.judge()));
          await watched.close();
          return { figures: { steps }, broken };
        } finally {
          await viewer.stop();
        }
      }),
  },
];

async function pressKeys(page, broken) {
  let steps = 0;
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  /** Waits until it holds in the page. */
  const expect = async (what, condition, argument) => {
    steps++;
    await page.waitForFunction(condition, argument, { timeout: 60_000 }).catch(() => broken.push(`does not: ${what}`));
  };
  const address = (part) => expect(`the address has ${part}`, (text) => location.href.includes(text), part);
  const noAddress = (part) => expect(`the address has no ${part}`, (text) => !location.href.includes(text), part);

  await expect("the first page comes", () => document.querySelector(".refusals .bars") !== null);
  const missed = await unreached(page);
  steps++;
  if (missed.length > 0) broken.push(`Tab does not reach ${missed.slice(0, 5).join(" | ")}`);

  await page.evaluate(() => document.activeElement?.blur());
  await press("g", "s");
  await address("view=sessions");
  await expect("rows come", () => document.querySelectorAll("tr[data-sequence]").length > 3);
  await press("j");
  await expect("j goes to the first row", () => document.activeElement?.closest("tr")?.dataset.sequence === "2000");
  await press("j", "j", "k");
  await expect(
    "j j k goes to the second row",
    () => document.activeElement?.closest("tr")?.dataset.sequence === "1999",
  );
  await press("Enter");
  await address("#s=fec5120f");
  await expect("Enter opens it", () => document.querySelector(".detail .chain") !== null);
  await press("j");
  await expect("j opens the next", () => document.querySelector(".detail code")?.textContent.startsWith("85f54284"));
  await press("e");
  await expect("e opens the next with a refusal", () =>
    document.querySelector(".detail code")?.textContent.startsWith("b7979bd2"),
  );
  await press("Escape");
  await expect("Escape closes it", () => document.querySelector(".detail") === null);
  await expect("the focus is on its row", () => document.activeElement?.closest("tr")?.dataset.sequence === "1997");
  await press("a");
  await address("alarm=any");
  await expect("two rows are left", () => document.querySelectorAll("tr[data-sequence]").length === 2);
  await press("Escape");
  await noAddress("alarm");
  await press("f");
  await expect("f goes to the filters", () => document.activeElement?.id === "filter-kind");
  await press("ArrowDown");
  await address("kind=fill");
  await press("Escape", "Escape");
  await noAddress("kind=fill");
  await press("/");
  await expect("/ goes to find", () => document.activeElement?.id === "find");
  await page.keyboard.type("10e1773b");
  await press("Enter");
  await address("find=10e1773b");
  await expect("one row is found", () => document.querySelectorAll("tr[data-sequence]").length === 1);
  await press("Escape", "Escape");
  await noAddress("find");
  await press("l");
  await expect("l stops live", () => document.querySelector(".live")?.getAttribute("aria-pressed") === "false");
  await press("l");
  await expect("l follows again", () => document.querySelector(".live")?.getAttribute("aria-pressed") === "true");
  await page.goto(`${page.url().split("?")[0]}?since=2026-11-02&until=2026-11-09`);
  await expect("the range is there", () => document.querySelector(".refusals .bars") !== null);
  await press("[");
  await address("since=2026-10-26&until=2026-11-02");
  await press("]");
  await address("since=2026-11-02&until=2026-11-09");
  await press("y");
  await expect("y copies the link", async () => (await navigator.clipboard.readText()) === location.href);
  await press("c");
  await expect("c copies the command", async () =>
    (await navigator.clipboard.readText()).startsWith("sessionlog query"),
  );
  await press("?");
  await expect("? shows all keys", () => document.querySelector("dialog[open]") !== null);
  await press("Escape");
  await expect("Escape closes them", () => document.querySelector("dialog") === null);
  await press("g", "q");
  await address("view=sql");
  await page.focus("#sql-text");
  await press("Control+Enter");
  await expect("Ctrl Enter runs", () => document.querySelector(".answer td") !== null);
  await press("Escape", "g", "o");
  await noAddress("view=");
  await expect("the overview comes", () => document.querySelector(".refusals .pick") !== null);
  await page.focus(".refusals .pick");
  await press("Enter");
  await address("reason=");
  await expect("a chip says so", () => document.querySelector(".chip:not(.plain)") !== null);
  await page.focus(".chip:not(.plain)");
  await press("Enter");
  await noAddress("reason=");
  await page.focus(".matrix .pick");
  await press("Enter");
  await address("model=");
  await page.goBack();
  await noAddress("model=");
  return steps;
}

/** What can be clicked, and is not reached by Tab. */
async function unreached(page) {
  await page.evaluate(() => {
    document.activeElement?.blur();
    for (const element of document.querySelectorAll(
      "a[href], button, select, input, textarea, summary, [tabindex='0']",
    )) {
      // Of the list, which grows as one goes down, the first rows stand for all.
      if (element.checkVisibility() && !element.matches("tbody tr:nth-child(n + 4) a.id")) element.dataset.wanted = "";
    }
    addEventListener("focusin", ({ target }) => delete target.dataset.wanted);
  });
  for (let tabs = 0; tabs < TABS_MAX; tabs++) {
    await page.keyboard.press("Tab");
    if (tabs % 20 === 19 && (await page.locator("[data-wanted]").count()) === 0) break;
  }
  return page.evaluate(() =>
    [...document.querySelectorAll("[data-wanted]")].map((element) => element.outerHTML.slice(0, 100)),
  );
}
