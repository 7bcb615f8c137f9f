#!/usr/bin/env node
const args = process.argv.slice(2);
const { stderr } = process;
try {
  const { isSupervised, runSupervised } = await import("./cli/supervisor.js");
  if (isSupervised(args)) process.exit(await runSupervised(args, { stderr, signals: process }));
  const { runProcess } = await import("./cli/process.js");
  await runProcess(args, { stderr, signals: process });
} catch (error) {
  // With few descriptors, the program itself cannot be read, or Node cannot look for a package.
  if (!(error instanceof Error && "code" in error && /^E[A-Z]+$|NOT_FOUND$/.test(String(error.code)))) throw error;
  stderr.write(`sessionlog: ${error.message}; see ulimit -n\n`);
  process.exit(1);
}
