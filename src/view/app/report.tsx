import { renderToStaticMarkup } from "preact-render-to-string";
import type { ReportData } from "../report/report_data.js";
import { ReportDocument } from "./report/document.js";
import { fitFlagged } from "./report/fit.js";
import { showHidden } from "./text/visible.js";

interface Parts {
  readonly data: ReportData;
  /** The style sheet that the policy names by its hash. */
  readonly css: string;
  readonly policy: string;
}

/** Bytes of a report. */
const BYTES_MAX = 2 * 1024 * 1024;
/** Bytes of whole flagged sessions, and of the lines of further ones: the first that gives a report that is not too long. */
const BUDGETS = [
  { whole_bytes: 1.5 * 1024 * 1024, lines: 1000 },
  { whole_bytes: 512 * 1024, lines: 300 },
  { whole_bytes: 0, lines: 0 },
] as const;
/** Stands for the style sheet, which is no text to be escaped. */
const STYLE = "/* style */";

showHidden();

/** A report as one HTML file without scripts, for src/view/report/render_report.ts. */
export function renderReport({ data, css, policy }: Parts): string {
  let html = "";
  for (const budget of BUDGETS) {
    const flagged = fitFlagged(data, budget);
    const body = renderToStaticMarkup(<ReportDocument data={data} flagged={flagged} policy={policy} style={STYLE} />);
    html = `<!doctype html>\n${body.replace(STYLE, () => css)}\n`;
    if (byteLength(html) <= BYTES_MAX) break;
  }
  return html;
}

const byteLength = (text: string): number => new TextEncoder().encode(text).length;
