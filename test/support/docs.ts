/** What test/docs.test.ts does with a page: its commands are run against a service, its tables compared with the code. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { flagOf, listSettings } from "../../src/config/settings.js";
import { runCli } from "../cli/support.js";

export const root = new URL("../..", import.meta.url).pathname;

/** A fenced block of a page. */
export interface Fence {
  /** The heading that it stands under. */
  readonly heading: string;
  /** What stands behind the backquotes: its kind, or the language and the file's name. */
  readonly info: string;
  readonly text: string;
  /** Of the opening backquotes, from 1. */
  readonly line: number;
}

export function fencesOf(markdown: string): readonly Fence[] {
  const fences: Fence[] = [];
  let heading = "";
  let open: { info: string; line: number; lines: string[] } | undefined;
  for (const [index, line] of markdown.split("\n").entries()) {
    if (open === undefined && line.startsWith("#")) heading = line.replace(/^#+ */, "");
    if (!line.startsWith("```")) open?.lines.push(line);
    else if (open === undefined) open = { info: line.slice(3), line: index + 1, lines: [] };
    else {
      fences.push({ heading, info: open.info, text: open.lines.join("\n"), line: open.line });
      open = undefined;
    }
  }
  return fences;
}

/** The blocks under headings that have a file, ```go main.go, among theirs: programs, which conformance runs. */
export function programsOf(fences: readonly Fence[]): readonly Fence[] {
  const headings = new Set(fences.filter(({ info }) => /\S\s+\S/.test(info)).map(({ heading }) => heading));
  return fences.filter(({ heading }) => headings.has(heading));
}

/** What a text pins to a version, by name, in the ways of pip, Go, a shell's variable, Cargo and Maven. */
export function pinsOf(text: string): ReadonlyMap<string, string> {
  const forms = [
    /([\w./-]+)(?:==|@v?|[ =]v)(\d+\.[\w.-]+)/g,
    /^([\w-]+) = (?:\{ version = )?"(\d+\.[\w.]+)"/gm,
    /<artifactId>([\w-]+)<\/artifactId>\s*<version>(\d+\.[^<]+)</g,
    /<(\w+\.version)>(\d+\.[^<]+)</g,
    /:([\w-]+):(\d+\.[\d.]+)/g,
  ];
  const found = forms.flatMap((form) => [...text.matchAll(form)]);
  return new Map(found.map(([, name = "", version = ""]) => [name, version]));
}

/** The packages that commands take from a registry in whatever version is the newest. */
export function unpinnedIn(commands: string): readonly string[] {
  const installs = commands.matchAll(/^(?:pip install|go get|go install|cargo add) (.*)$/gm);
  const words = [...installs].flatMap(([, rest = ""]) => rest.replace(/--features \S+/, "").split(" "));
  return words.filter((word) => word !== "" && !/^[-~]|@|==/.test(word));
}

/** A block ```sh, and the block ```text that follows it. */
export interface Example {
  readonly line: number;
  readonly commands: string;
  /** Undefined when the page shows no output. */
  readonly output: string | undefined;
  /** What `# exit N` behind a command says, else 0. */
  readonly exit_code: number;
}

export function examplesOf(fences: readonly Fence[]): readonly Example[] {
  return fences.flatMap(({ info, text, line }, index) => {
    if (info !== "sh") return [];
    const next = fences[index + 1];
    const exit_code = Number(/# exit (\d+)\s*$/m.exec(text)?.[1] ?? 0);
    return [{ line, commands: text, output: next?.info === "text" ? next.text : undefined, exit_code }];
  });
}

/**
 * Whether an output is as the page shows it: `…` in a line stands for anything in that line, a line `…` for any lines.
 * White space counts as one blank, and none at the ends of lines.
 */
export function looksLike(output: string, shown: string): boolean {
  const lines = plain(shown).map((line) =>
    line === "…" ? "(?:[^\\n]*\\n)*?" : `${line.split("…").map(escaped).join("[^\\n]*")}\\n`,
  );
  return new RegExp(`^${lines.join("")}$`).test(`${plain(output).join("\n")}\n`);
}

function plain(text: string): readonly string[] {
  const lines = text.split("\n").map((line) => line.replaceAll(/\s+/g, " ").trim());
  return lines.join("\n").trim().split("\n");
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const ownTools = [process.env.SESSIONLOG_TOOLS ?? "", join(root, ".tools/bin")].filter(Boolean);
const path = [...ownTools, process.env.PATH ?? ""].join(delimiter);

/** Whether the commands call a program that a machine with only Node does not have: conformance runs these. */
export function needsPrograms(commands: string): boolean {
  return /^(?:curl -sS|grpcurl|grpc-health-probe|openssl) /m.test(commands);
}

/** A directory that looks like a clone in which nothing has been served yet, and what runs in it. */
export interface Workspace {
  readonly directory: string;
  /** Runs a block's commands: questions of files in this process, all others in a shell, with a service that is started
   * unless one is running or the block does. Resolves with what they print, as if the service listened on the default port. */
  run(commands: string): Promise<{ readonly output: string; readonly exit_code: number }>;
  /** Ends the service, if there is one, and removes the directory. Resolves with the service's exit code. */
  close(): Promise<number | undefined>;
}

const DEFAULT_PORT = /\b50051\b/g;
/** Of services that examples start themselves, and of their metrics. */
const OWN_PORTS = [/\b50443\b/g, /\b50444\b/g];

/** `npm ci` has been done, and `npm test` is what runs this. The build has been done too, and others are reading it. npx
 * only takes its time: the example of `schema` shows that it finds the program. */
const REPLACEMENTS: readonly (readonly [RegExp, string])[] = [
  [/\bnpm ci\b/g, "test -d node_modules"],
  [/\bnpm test\b/g, "npm pkg get scripts.test"],
  [/\bnpm start\b/g, "exec npm start --ignore-scripts"],
  [/\bnpx --no sessionlog (?!schema)/g, "node dist/main.js "],
];

/** Whether the commands only ask files, by no other means of a shell than its quotes: a process for each, and its child,
 * would take most of the time of these tests. */
function onlyAsks(commands: string): boolean {
  const unquoted = commands.replaceAll(/"[^"]*"/g, "");
  return /^(?:npx --no sessionlog (?:query|alarm|audit|show|verify|check-config) [^|<>&;$\n]*(?:\n|$))+$/.test(
    unquoted,
  );
}

/** Runs such commands in this process, with their words as a shell splits them: all of them, the last one's code. */
async function ask(commands: string, cwd: string): Promise<{ readonly output: string; readonly exit_code: number }> {
  const split = `npx() { shift 2; printf '%s\\0' "$@" ''; }\n${commands}`;
  const { stdout } = await promisify(execFile)("bash", ["-c", split], { cwd });
  let output = "";
  let exit_code = 0;
  for (const command of stdout.split("\0\0").filter(Boolean)) {
    const result = await runCli(command.split("\0"), { cwd });
    output += result.stdout + result.stderr;
    exit_code = result.code;
  }
  return { output, exit_code };
}

export function createWorkspace(): Workspace {
  if (!existsSync(join(root, "dist/main.js"))) throw new Error("dist/ is missing: npm run build");
  const directory = mkdtempSync(join(tmpdir(), "sessionlog-docs-"));
  for (const name of readdirSync(root)) {
    if (!name.startsWith(".") && name !== "data" && !name.endsWith(".toml")) {
      symlinkSync(join(root, name), join(directory, name));
    }
  }
  const bin = join(directory, ".bin");
  mkdirSync(bin);
  const shim = `#!/bin/sh\nexec "${process.execPath}" "${join(root, "test/support/duckdb.mjs")}" "$@"\n`;
  writeFileSync(join(bin, "duckdb"), shim);
  chmodSync(join(bin, "duckdb"), 0o755);
  const env = cleanEnvironment(`${bin}${delimiter}${path}`);
  let service: DocsService | undefined;

  return {
    directory,
    async run(commands) {
      if (onlyAsks(commands)) return ask(commands, directory);
      const text = REPLACEMENTS.reduce((replaced, [from, to]) => replaced.replaceAll(from, to), commands);
      if (text !== commands && /npm start/.test(text)) {
        service = await startService(text, directory, env);
        return { output: "", exit_code: 0 };
      }
      service ??= await startService("exec node dist/main.js serve", directory, env);
      const { port, pid } = service;
      let ported = text.replaceAll(DEFAULT_PORT, port);
      for (const own of OWN_PORTS) ported = ported.replaceAll(own, await freePort());
      const child = spawn("bash", ["-c", ported], {
        cwd: directory,
        env: { ...env, SESSIONLOG_ADDRESS: `127.0.0.1:${port}`, PID: String(pid) },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
      const [code] = await once(child, "close");
      return { output: output.replaceAll(new RegExp(`\\b${port}\\b`, "g"), "50051"), exit_code: Number(code) };
    },
    async close() {
      const code = await service?.stop();
      rmSync(directory, { recursive: true, force: true });
      return code;
    },
  };
}

async function freePort(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  return String(typeof address === "object" ? address?.port : "");
}

interface DocsService {
  readonly port: string;
  readonly pid: number;
  stop(): Promise<number>;
}

/** Runs a command that serves, on a free port, and waits until it says that it does. */
async function startService(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<DocsService> {
  const child = spawn("bash", ["-c", command], {
    cwd,
    env: { ...env, SESSIONLOG_SERVER_LISTEN: "127.0.0.1:0" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(child, "close").then(([code]) => Number(code));
  const ready = await Promise.race([readyLine(child), ended]);
  if (typeof ready === "number") throw new Error(`${command} ended with ${ready}`);
  return {
    ...ready,
    stop() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

function readyLine(child: ChildProcess): Promise<{ port: string; pid: number }> {
  return new Promise((resolve, reject) => {
    if (child.stderr === null) return reject(new Error("no standard error"));
    createInterface({ input: child.stderr }).on("line", (line) => {
      const pid = /"pid":(\d+)/.exec(line)?.[1];
      const port = /"address":"127\.0\.0\.1:(\d+)".*"msg":"serving"/.exec(line)?.[1];
      if (pid !== undefined && port !== undefined) resolve({ port, pid: Number(pid) });
    });
  });
}

/** Neither the caller's SESSIONLOG_… nor vitest's own variables are to change what is tested. */
function cleanEnvironment(PATH: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(SESSIONLOG_|VITEST|NODE_ENV|npm_)/.test(name));
  return { ...Object.fromEntries(kept), PATH, NO_COLOR: "1", LC_ALL: "C.UTF-8", npm_config_update_notifier: "false" };
}

/** The pages whose commands are run. */
export function listPages(): readonly string[] {
  const folder = readdirSync(join(root, "docs")).filter((file) => file.endsWith(".md"));
  return ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", ...folder.map((file) => `docs/${file}`)];
}

/**
 * A test for each example: runs it and compares what it prints, in one workspace, one after the other. The service there is to end
 * with 0.
 */
export function testExamples(examples: readonly Example[]): void {
  let workspace: Workspace | undefined;
  afterAll(async () => {
    const code = await workspace?.close();
    if (code !== undefined) expect(code).toBe(0);
  });
  for (const { line, commands, output, exit_code } of examples) {
    test(`line ${line}: ${commands.split("\n")[0]}`, async () => {
      workspace ??= createWorkspace();
      const result = await workspace.run(commands);
      if (output !== undefined && !looksLike(result.output, output)) expect(result.output).toBe(output);
      expect(result.exit_code, result.output).toBe(exit_code);
    });
  }
}

/** The table of docs/OPERATIONS.md, a line for each setting. */
export function settingsRows(): readonly string[] {
  return listSettings().map((setting) => {
    const { section, key, type, help, short, applies } = setting;
    const flags = [flagOf(setting), ...(short === undefined ? [] : [`--${short}`])].map((flag) => `\`${flag}\``);
    const value = type.read(setting.default, "/")?.toml.replace(/^"\//, '"') ?? "";
    const expected = type.expected.replaceAll("|", "\\|");
    return `| \`[${section}] ${key}\` | ${flags.join(", ")} | \`${value}\` | ${help} | ${expected} | ${applies} |`;
  });
}

/** What a source file logs: the constant beginning of each message. */
export function loggedMessages(source: string): readonly string[] {
  const calls = source.matchAll(/\blog(?:ger)?\.(?:info|warn|error|fatal)\(\s*[^"`;]*?["`]([^"`$]+)/g);
  return [...calls].map(([, message = ""]) => message.trim().replace(/:$/, ""));
}
