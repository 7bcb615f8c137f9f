import { useState } from "preact/hooks";
import type { Json, RosterLookup } from "../../api.js";

/** Levels that are open at first; of a long artifact only one, as it may have a hundred thousand members. */
const OPEN_LEVELS = 3;
const OPEN_BYTES_MAX = 16 * 1024;
/** Members of an object or list that are drawn. */
const MEMBERS_MAX = 200;

interface TreeProps {
  readonly value: Json;
  /** Of its JSON. */
  readonly bytes: number;
  readonly roster: RosterLookup | null;
  /** Whether also what is closed is drawn: a report has no script to draw it later. */
  readonly whole: boolean;
}

/** An artifact as a tree; beside each id that was looked up, what the roster says. */
export function ArtifactTree({ value, bytes, roster, whole }: TreeProps) {
  const open_levels = bytes <= OPEN_BYTES_MAX ? OPEN_LEVELS : 1;
  const found = new Map((roster?.ids ?? []).map(({ id, entry }) => [id, entry]));
  return (
    <div class="tree">
      <Node value={value} name={undefined} open_levels={open_levels} found={found} whole={whole} />
    </div>
  );
}

interface NodeProps {
  readonly value: Json;
  readonly name: string | undefined;
  /** Levels from here on that are open at first. */
  readonly open_levels: number;
  readonly found: ReadonlyMap<string, Json>;
  readonly whole: boolean;
}

function Node({ value, name, open_levels, found, whole }: NodeProps) {
  const [open, setOpen] = useState(open_levels > 0);
  const label = name !== undefined && (
    <span class="name">
      {name}
      <span class="faint">: </span>
    </span>
  );
  if (value === null || typeof value !== "object") {
    const text = typeof value === "string" ? `"${value}"` : String(value);
    const entry = typeof value === "string" ? found.get(value.trim()) : undefined;
    return (
      <div class="leaf">
        {label}
        <span class={typeof value}>{text}</span>
        {entry !== undefined && <Worker entry={entry} />}
      </div>
    );
  }
  const members = Object.entries(value);
  const left_out = members.length - MEMBERS_MAX;
  const shape = Array.isArray(value) ? `[${members.length}]` : `{${members.length}}`;
  return (
    <details open={open} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>
        {label}
        <span class="faint">{shape}</span>
      </summary>
      {(open || whole) && (
        <div class="inside">
          {members.slice(0, MEMBERS_MAX).map(([key, member]) => (
            <Node key={key} value={member} name={key} open_levels={open_levels - 1} found={found} whole={whole} />
          ))}
          {left_out > 0 && <div class="faint">{`… and ${left_out} more, in the row`}</div>}
        </div>
      )}
    </details>
  );
}

/** What a person wants to know of a roster's row; its other columns are in the title. */
const SAID = ["name", "role"];

function Worker({ entry }: { entry: Json }) {
  if (entry === null) return <span class="worker unknown">✗ not on the roster</span>;
  const row: readonly (readonly [string, Json])[] = typeof entry === "object" ? Object.entries(entry) : [];
  const said = row.flatMap(([name, value]) => (SAID.includes(name) && value !== null ? [String(value)] : []));
  const away = row.some(([name, value]) => name === "active" && String(value) === "false");
  return (
    <span class="worker" title={row.map(([name, value]) => `${name}: ${String(value)}`).join("\n")}>
      {`✓ ${said.length === 0 ? "on the roster" : said.join(", ")}${away ? ", not active" : ""}`}
    </span>
  );
}
