// `npm run test:conformance -- pages` runs this.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe } from "vitest";
import { examplesOf, fencesOf, listPages, needsPrograms, root, testExamples } from "../test/support/docs.js";

for (const page of listPages()) {
  const fences = fencesOf(readFileSync(join(root, page), "utf8"));
  const examples = examplesOf(fences).filter(({ commands }) => needsPrograms(commands));
  if (examples.length > 0) describe(page, () => testExamples(examples));
}
