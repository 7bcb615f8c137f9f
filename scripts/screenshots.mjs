// Makes the pictures of the README and of docs/VIEWER.md from examples/, in Debian's Chromium: `node scripts/screenshots.mjs`.
// They are looked at by people before they are committed; no test compares them.
import { statSync } from "node:fs";
import { join } from "node:path";
import { openWatched, withBrowser } from "../browser/support/browser.mjs";
import { startViewer } from "../browser/support/viewer.mjs";

const root = new URL("..", import.meta.url).pathname;
const BYTES_MAX = 150_000;
const PICTURES = [
  { name: "overview", path: "?", seen: ".refusals .bars", theme: "light", height: 860 },
  { name: "session", path: "?view=sessions&alarm=any#s=10e1773b", seen: ".stamp-box.bad", theme: "dark", height: 820 },
];

const viewer = await startViewer(["--path", "examples", "--roster", "examples/roster.csv"]);
try {
  await withBrowser(async (browser) => {
    for (const { name, path, seen, theme, height } of PICTURES) {
      const { page, close } = await openWatched(browser, {
        width: 1440,
        height,
        theme,
        scale: 0.7,
        origin: viewer.origin,
      });
      await page.goto(viewer.url + path);
      await page.waitForSelector(seen);
      const file = join(root, "docs/pictures", `${name}.png`);
      await page.screenshot({ path: file, animations: "disabled" });
      await close();
      const { size } = statSync(file);
      console.log(`${name}.png: ${size} bytes`);
      if (size > BYTES_MAX) throw new Error(`${name}.png has more than ${BYTES_MAX} bytes`);
    }
  });
} finally {
  await viewer.stop();
}
