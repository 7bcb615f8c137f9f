import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ReportData } from "./report_data.js";

/** Made by `npm run build`; beside the program's own files, and beside its sources. */
const ASSETS = new URL("../../../dist/view/", import.meta.url);

/** The report as one HTML file. Rejects when the program was built without the viewer. */
export async function renderReport(data: ReportData): Promise<string> {
  const css = readFileSync(new URL(styleSheet(), ASSETS), "utf8");
  const module: unknown = await import(new URL("report.js", ASSETS).href);
  const render: unknown = Object(module).renderReport;
  if (typeof render !== "function") throw new Error("dist/view/report.js has no renderReport");
  const hash = createHash("sha256").update(css).digest("base64");
  return String(render({ data, css, policy: `default-src 'none'; style-src 'sha256-${hash}'` }));
}

function styleSheet(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("manifest.json", ASSETS), "utf8"));
  const name: unknown = Object(manifest)["main.tsx"]?.css?.[0];
  if (typeof name !== "string") throw new Error("dist/view/manifest.json names no style sheet");
  return name;
}
