import { readFileSync, statSync } from "node:fs";
import { extname } from "node:path";

/** A file of the page, read at start: no path of a request ever reaches a file. */
export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
}

export interface Assets {
  /** By path, such as "/app-1a2b3c.js". */
  readonly files: ReadonlyMap<string, Asset>;
  readonly html: Asset;
}

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
const ICON = "icon.svg";

/**
 * Reads the page that Vite has built.
 *
 * @param directory has manifest.json, of Vite's form, and the files that it names; with a "/" at its end
 * @returns undefined when the page has not been built
 */
export function readAssets(directory: URL): Assets | undefined {
  if (statSync(new URL("manifest.json", directory), { throwIfNoEntry: false }) === undefined) return undefined;
  const manifest: unknown = JSON.parse(readFileSync(new URL("manifest.json", directory), "utf8"));
  const entries = Object.values(Object(manifest)).map((entry) => Object(entry));
  const scripts = entries.filter(({ isEntry }) => isEntry === true).map(({ file }) => String(file));
  const styles = [...new Set(entries.flatMap(({ css }) => (Array.isArray(css) ? css.map(String) : [])))];
  const names = new Set([...entries.map(({ file }) => String(file)), ...styles, ICON]);
  const files = new Map(
    [...names].map((name) => {
      const type = TYPES[extname(name)] ?? "application/octet-stream";
      return [`/${name}`, { type, bytes: readFileSync(new URL(name, directory)) }];
    }),
  );
  return { files, html: { type: "text/html; charset=utf-8", bytes: Buffer.from(printPage(scripts, styles)) } };
}

function printPage(scripts: readonly string[], styles: readonly string[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>sessionlog</title>
<link rel="icon" href="${ICON}">
${styles.map((file) => `<link rel="stylesheet" href="${file}">\n`).join("")}</head>
<body>
<div id="root"></div>
<noscript><p>This page needs JavaScript. Without it: <code>sessionlog report --html FILE</code>.</p></noscript>
${scripts.map((file) => `<script type="module" src="${file}"></script>\n`).join("")}</body>
</html>
`;
}
