#!/usr/bin/env node
const args = process.argv.slice(2);
try {
  const { createDiagnostics } = await import("./cli/standard_streams.js");
  const { isSupervised, runSupervised } = await import("./cli/supervisor.js");
  const { processSignals } = await import("./cli/signals.js");
  const parts = { stderr: createDiagnostics(process.stderr), signals: processSignals(process) };
  if (isSupervised(args)) process.exit(await runSupervised(args, parts));
  const { runProcess } = await import("./cli/process.js");
  await runProcess(args, parts);
} catch (error) {
  // With few descriptors, the program itself cannot be read, or Node cannot look for a package.
  if (!(error instanceof Error && "code" in error && /^E[A-Z]+$|NOT_FOUND$/.test(String(error.code)))) throw error;
  process.stderr.write(`sessionlog: ${error.message}; see ulimit -n\n`);
  process.exit(1);
}
