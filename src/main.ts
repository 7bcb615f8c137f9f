#!/usr/bin/env node
const args = process.argv.slice(2);
const { stderr } = process;
try {
  const { isSupervised, runSupervised } = await import("./cli/supervisor.js");
  if (isSupervised(args)) process.exit(await runSupervised(args, { stderr, signals: process }));
  const { runProcess } = await import("./cli/process.js");
  await runProcess(args, { stderr, signals: process });
} catch (error) {
  // Few descriptors: the program itself cannot be read.
  if (!(error instanceof Error && "syscall" in error)) throw error;
  stderr.write(`sessionlog: ${error.message}\n`);
  process.exit(1);
}
