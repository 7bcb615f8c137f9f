// Chromium, and what must hold of every page in it.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";
import { Skip } from "../../harness/outcome.mjs";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const AXE_TAGS = ["wcag2a", "wcag2aa", "best-practice"];

/** Widths and themes in which every page is looked at. */
export const LOOKS = [1440, 390].flatMap((width) =>
  ["light", "dark"].map((theme) => ({ width, theme, height: width === 390 ? 844 : 900 })),
);

/**
 * Starts Chromium for `work` and ends it afterwards.
 * @template T
 * @param {(browser: import("playwright-core").Browser) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withBrowser(work) {
  if (!existsSync(CHROMIUM))
    throw new Skip(`there is no ${CHROMIUM}; install Debian's chromium, or name one in CHROMIUM`);
  // As root, which CI is, Chromium has no sandbox.
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    return await work(browser);
  } finally {
    await browser.close();
  }
}

/**
 * A page that keeps what must not be: errors and warnings of the console, exceptions, violations of the policy, and requests elsewhere.
 * @param {import("playwright-core").Browser} browser
 * @param {{ width?: number, height?: number, theme?: string, scale?: number, origin: string }} options  the origin of all requests, such as "file:"
 */
export async function openWatched(browser, { width = 1440, height = 900, theme = "light", scale = 1, origin }) {
  const context = await browser.newContext({
    viewport: { width, height },
    deviceScaleFactor: scale,
    colorScheme: theme,
    permissions: origin.startsWith("http") ? ["clipboard-read", "clipboard-write"] : [],
  });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  /** @type {string[]} */
  const problems = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") problems.push(`console: ${message.text()}`);
  });
  page.on("response", async (response) => {
    if (response.status() < 400) return;
    problems.push(
      `${response.status()} ${decodeURIComponent(response.url())}: ${await response.text().catch(() => "")}`,
    );
  });
  page.on("pageerror", (error) => problems.push(`exception: ${error.message}`));
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(origin) && !request.url().startsWith("blob:"))
      problems.push(`request: ${request.url()}`);
  });
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return {
    page,
    problems,
    close: () => context.close(),
    /** What is wrong with the page as it stands: the policy, axe-core, and what is wider than the window. */
    async judge() {
      const violations = await page.evaluate(() => globalThis.violations);
      // Evaluated by the debugger: the page's policy is about what the page does.
      await page.evaluate(AXE);
      const { wide, found } = await page.evaluate(judgeInPage, AXE_TAGS);
      return [...problems.splice(0), ...violations.map((text) => `policy: ${text}`), ...wide, ...found];
    },
  };
}

/** In the page. */
async function judgeInPage(tags) {
  const { violations } = await globalThis.axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
  const wide = [];
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) wide.push(`${over} px wider than the window`);
  return {
    wide,
    found: violations.map(
      ({ id, help, nodes }) =>
        `axe ${id}: ${help}: ${nodes
          .slice(0, 3)
          .map(({ html }) => html.slice(0, 160))
          .join(" | ")}`,
    ),
  };
}
