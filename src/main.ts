#!/usr/bin/env node
import { isSupervised, runSupervised } from "./cli/supervisor.js";

const args = process.argv.slice(2);
const { stderr } = process;
if (isSupervised(args)) {
  process.exit(await runSupervised(args, { stderr, signals: process }));
}
const { runProcess } = await import("./cli/process.js");
await runProcess(args, { stderr, signals: process });
