import { basename } from "node:path";

/** A report about a file. Only a problem makes a journal unsound. */
export interface Finding {
  readonly severity: "problem" | "note";
  /** Its name in the journal's directory. */
  readonly file: string;
  /** One line; the file's name and a colon come before it. */
  readonly message: string;
}

/** Where findings go. */
export interface Findings {
  problem(path: string, message: string): void;
  note(path: string, message: string): void;
}

export function createFindings(onFinding: (finding: Finding) => void): Findings {
  const report = (severity: Finding["severity"]) => (path: string, message: string) =>
    onFinding({ severity, file: basename(path), message });
  return { problem: report("problem"), note: report("note") };
}
