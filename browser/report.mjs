// `sessionlog report --html` as people open it: from a file.
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { LOOKS, openWatched, withBrowser } from "./support/browser.mjs";
import { hostileRows, ROSTER } from "./support/hostile.mjs";

const run = promisify(execFile);
const root = new URL("..", import.meta.url).pathname;

/** @type {readonly import("../harness/outcome.mjs").Campaign[]} */
export const reportCampaigns = [
  {
    name: "report",
    about: "the examples' report in both themes and widths, and as a PDF",
    run: async ({ directory }) => {
      const file = join(directory, "report.html");
      await makeReport(file, ["--path", join(root, "examples"), "--roster", join(root, "examples/roster.csv")]);
      return withBrowser((browser) => lookAtReport(browser, file));
    },
  },
  {
    name: "report-hostile",
    about: "a report of rows that try to run, to load and to deceive",
    run: async ({ directory }) => {
      writeFileSync(
        join(directory, "sessions.jsonl"),
        hostileRows()
          .map((row) => `${JSON.stringify(row)}\n`)
          .join(""),
      );
      writeFileSync(join(directory, "roster.csv"), ROSTER);
      const file = join(directory, "report.html");
      await makeReport(file, ["--path", directory, "--roster", join(directory, "roster.csv")]);
      return withBrowser((browser) => lookAtReport(browser, file));
    },
  },
];

const makeReport = (file, args) =>
  run(process.execPath, [join(root, "dist/main.js"), "report", "--html", file, ...args]);

async function lookAtReport(browser, file) {
  const broken = [];
  for (const look of LOOKS) {
    const { page, judge, close } = await openWatched(browser, { ...look, origin: "file:" });
    await page.goto(pathToFileURL(file).href);
    for (const summary of await page.locator("#sources summary").all()) await summary.click();
    const name = `${look.width} ${look.theme}`;
    broken.push(...(await judge()).map((problem) => `${name}: ${problem}`));
    if (look.width === 1440 && look.theme === "light") {
      const pdf = await page.pdf({ format: "A4" });
      if (pdf.length < 10_000) broken.push(`the PDF has ${pdf.length} bytes`);
    }
    await close();
  }
  return { figures: { looks: LOOKS.length, bytes: readFileSync(file).length }, broken };
}
