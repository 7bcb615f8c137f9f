import { spawnSync } from "node:child_process";
import { link, mkdir, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { startService } from "../harness/server.mjs";
import { attempt } from "./one_writer.mjs";
import { createInspector, isSettled } from "./support/files.mjs";
import { createLedger } from "./support/ledger.mjs";
import { after, startLoad, until } from "./support/load.mjs";
import { createRecords } from "./support/records.mjs";

const rotation = (bytes) => ["--rotation-max-bytes", bytes, "--rotation-compress", "gzip"];
const ROTATION = rotation("64KiB");
/** Starts by the other path while the first service is under load. */
const ATTEMPTS = 3;
const REASONS = /a session log has one writer|\(hard links\), expected one; .* cp |is a mount point/;

/** Runs a program with one path mounted on another, seen by it alone. */
const mounted = (from, to) => [
  ...["unshare", "--map-root-user", "--mount", "sh", "-c"],
  // While a segment is sealed there is no file for a moment.
  ...['for i in 1 2 3 4 5; do mount --bind "$0" "$1" 2>/dev/null && break; done; shift; exec "$@"', from, to],
];

/**
 * A second path to the file `real`. `make` runs once the file is there; for links before the first start too, so that both
 * may win. `args` are those of the second service, `real_args` of the first.
 */
const kinds = [
  { name: "link to the file", early: true, make: (real, other) => symlink(real, other), args: ROTATION },
  {
    name: "link to the directory",
    directory: true,
    early: true,
    make: async (real, other) => {
      await rm(dirname(other), { recursive: true });
      await symlink(dirname(real), dirname(other));
    },
    args: ROTATION,
  },
  {
    name: "hard link",
    // Once its segment is gzipped, a link has the file for itself: it must last longer than a start.
    real_args: rotation("2MiB"),
    again: true,
    make: async (real, other) => {
      await rm(other, { force: true });
      // While a segment is sealed there is no file for a moment.
      await until(
        () =>
          link(real, other).then(
            () => true,
            () => false,
          ),
        1_000,
        1,
      );
    },
    args: ROTATION,
  },
  // Without rotation, since with it no mount point is served: here the lock has to hold.
  { name: "mount of the file", mounts: (real, other) => mounted(real, other), args: [] },
  { name: "mount of the directory", mounts: (real, other) => mounted(dirname(real), dirname(other)), args: ROTATION },
];

/** @type {import("../harness/outcome.mjs").Campaign} */
export const oneFile = {
  name: "one-file",
  about: "two services, one file, two paths (links, hard link, mounts) under load with rotation: one serves",
  async run({ long, directory }) {
    const figures = {
      tries: 0,
      refused: 0,
      "own file": 0,
      acknowledged: 0,
      rows: 0,
      segments: 0,
      missing: 0,
      doubled: 0,
    };
    const broken = [];
    for (const kind of kinds) {
      if (kind.mounts !== undefined && !mayMount()) {
        figures[kind.name] = "not tried, unshare cannot mount here";
        continue;
      }
      for (let tries = 0; tries < (long ? 20 : 2); tries += 1) {
        const found = await tryOnce(kind, join(directory, `${kinds.indexOf(kind)}-${tries}`));
        figures.tries += 1;
        for (const [what, figure] of Object.entries(found.figures)) if (what in figures) figures[what] += figure;
        broken.push(...found.broken.map((problem) => `${kind.name}, try ${tries + 1}: ${problem}`));
      }
    }
    return { figures, broken };
  },
};

async function tryOnce(kind, directory) {
  const [real, other] = ["a", "b"].map((name) => join(directory, name, "sessions.jsonl"));
  for (const path of [real, other]) await mkdir(dirname(path), { recursive: true });
  if (kind.early) await kind.make(real, other);
  else await writeFile(other, "");
  const startOther = () => attempt(other, { args: kind.args, prefix: kind.mounts?.(real, other) });
  const ledger = createLedger();
  const broken = [];
  const refusals = [];
  let own = 0;
  const starts = kind.early
    ? await Promise.all([attempt(real, { args: ROTATION }), startOther()])
    : [{ server: await startService(real, { args: kind.real_args ?? ROTATION }) }];
  const servers = starts.flatMap(({ server }) => server ?? []);
  const [server] = servers;
  try {
    refusals.push(...starts.filter((start) => start.server === undefined));
    if (servers.length !== 1)
      throw new Error(`${servers.length} of two serve: ${refusals.map(({ message }) => message)}`);
    const onRefusal = ({ code_name, message }) => {
      throw new Error(`a call ended with ${code_name}: ${message}`);
    };
    const load = startLoad(server.address, { ledger, next: createRecords("file"), unary: 4, batch: 1, onRefusal });
    for (let tries = 0; tries < ATTEMPTS; tries += 1) {
      if (!kind.early && !kind.mounts && (tries === 0 || kind.again)) await kind.make(real, other);
      await after(20);
      const again = server.path === other ? await attempt(real, { args: ROTATION }) : await startOther();
      if (again.server === undefined) {
        refusals.push(again);
      } else {
        servers.push(again.server);
        if (kind.again && (await stat(other)).nlink === 1) own += 1;
        else broken.push(`attempt ${tries + 1}: the second service serves`);
        await again.server.stop();
      }
    }
    load.stop();
    await load.ended;
    if ((await until(() => isSettled(real, true), 10_000, 50)) === undefined) broken.push("sealed segments wait");
  } finally {
    await Promise.all(servers.map((each) => each.stop()));
  }
  for (const { exit, message } of refusals) {
    if (exit !== 1) broken.push(`the other ended with ${exit}, expected 1`);
    if (!REASONS.test(message)) broken.push(`the other does not say why: ${message}`);
  }
  const lock = `${basename(other)}.lock`;
  const beside = (await readdir(dirname(other))).filter((name) => name !== basename(other) && name !== lock);
  if (beside.length > 0 && !kind.directory && own === 0) broken.push(`beside the other path: ${beside}`);
  const found = await createInspector(real).inspect(ledger);
  return {
    figures: { ...found.figures, refused: refusals.length, "own file": own },
    broken: [...broken, ...found.broken],
  };
}

function mayMount() {
  return spawnSync("unshare", ["--map-root-user", "--mount", "true"]).status === 0;
}
