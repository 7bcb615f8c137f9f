// What the service is compared with, and looked into:
//   variant.mjs nothing-written LOG | no-journal | no-dedupe LOG | empty-handler | watched LOG QUEUE_ROWS
import { pino } from "pino";
import { loadConfig } from "../../dist/config/config.js";
import { fixedConfig } from "../../dist/config/reload.js";
import { nodeDisk } from "../../dist/journal/disk/node_disk.js";
import { createJournal } from "../../dist/journal/index.js";
import { launchService } from "../../dist/service/launch.js";
import { serveEmptyHandler } from "./empty.mjs";

const [variant, path = "/nonexistent/sessions.jsonl", queue_rows = "65536"] = process.argv.slice(2);
const logger = pino(pino.destination({ dest: 2, sync: true }));

/** The real journal, on a disk that keeps nothing of what is written to it and has nothing to sync. */
function nothingWritten(options) {
  return createJournal({
    ...options,
    disk: { ...nodeDisk, open: async (...how) => forgetful(await nodeDisk.open(...how)) },
  });
}

function forgetful(file) {
  let size = 0;
  return {
    ...file,
    write(bytes, position) {
      size = Math.max(size, position + bytes.length);
      return Promise.resolve(bytes.length);
    },
    sync: () => Promise.resolve(),
    status: async () => ({ ...(await file.status()), size }),
  };
}

/** No journal at all: appends are answered at once. Decoding, validation and the row's text are all that is done. */
function noJournal() {
  let sequence = 0;
  return {
    append: (lines) => {
      const rows = lines.map(() => ({ sequence: ++sequence, duplicate: false }));
      return Promise.resolve({ kind: "appended", rows });
    },
    state: "open",
    queued: { rows: 0, bytes: 0 },
    onStateChange() {},
    open: () => Promise.resolve(),
    reopen: () => Promise.resolve(),
    configure() {},
    drain: () => Promise.resolve(),
    next_sequence: 1,
    read: async function* () {},
    findLast: () => Promise.resolve(undefined),
    onRows() {},
  };
}

/** The real journal, which at its end logs the most that was ever queued. */
function watched(options) {
  const journal = createJournal(options);
  const most = { rows: 0, bytes: 0, refused: 0 };
  return {
    ...journal,
    get state() {
      return journal.state;
    },
    get queued() {
      return journal.queued;
    },
    get next_sequence() {
      return journal.next_sequence;
    },
    drain() {
      logger.info(most, "queued at most");
      return journal.drain();
    },
    async append(lines) {
      const outcome = journal.append(lines);
      most.rows = Math.max(most.rows, journal.queued.rows);
      most.bytes = Math.max(most.bytes, journal.queued.bytes);
      const settled = await outcome;
      if (settled.kind !== "appended") most.refused += lines.length;
      return settled;
    },
  };
}

async function serveWith(makeJournal) {
  const flags = new Map([
    ["server.listen", { flag: "--listen", text: "127.0.0.1:0" }],
    ["log.path", { flag: "--path", text: path }],
    ["log.queue_rows", { flag: "--log-queue-rows", text: queue_rows }],
  ]);
  const { config } = loadConfig({ flags, config_flag: undefined, env: {}, cwd: "/", readFile: () => Buffer.alloc(0) });
  const service = await launchService(fixedConfig(config), logger, {
    createJournal: makeJournal,
    now: () => ({ seconds: Math.floor(Date.now() / 1000), nanos: 0 }),
    newSessionId: () => "unused",
  });
  process.on("SIGTERM", service.stop);
  await service.opened;
  process.exitCode = await service.ended;
}

const noDedupe = (options) => createJournal({ ...options, dedupe_rows: 0 });

const journals = { "nothing-written": nothingWritten, "no-dedupe": noDedupe, "no-journal": noJournal, watched };
if (variant === "empty-handler") await serveEmptyHandler(logger);
else await serveWith(journals[variant]);
