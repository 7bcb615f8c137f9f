/** Stores one row by the README's handler, in a service that the environment names. */
import { fill, log } from "./handler.js";

async function main(): Promise<void> {
  await fill(log, "Fill 1 welder slot.");
  await log.close();
  const { appended, last_error } = log.stats();
  if (appended !== 1) throw new Error(`appended ${appended}: ${last_error}`);
}

void main();
