import type { Json, RosterLookup } from "../../api.js";

/** Levels that are open at first. */
const OPEN_LEVELS = 3;
/** Members of an object or list that are drawn. */
const MEMBERS_MAX = 200;

interface TreeProps {
  readonly value: Json;
  readonly roster: RosterLookup | null;
}

/** An artifact as a tree; beside each id that was looked up, what the roster says. */
export function ArtifactTree({ value, roster }: TreeProps) {
  const found = new Map((roster?.ids ?? []).map(({ id, entry }) => [id, entry]));
  return (
    <div class="tree">
      <Node value={value} name={undefined} level={0} found={found} />
    </div>
  );
}

interface NodeProps {
  readonly value: Json;
  readonly name: string | undefined;
  readonly level: number;
  readonly found: ReadonlyMap<string, Json>;
}

function Node({ value, name, level, found }: NodeProps) {
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
    <details open={level < OPEN_LEVELS}>
      <summary>
        {label}
        <span class="faint">{shape}</span>
      </summary>
      <div class="inside">
        {members.slice(0, MEMBERS_MAX).map(([key, member]) => (
          <Node key={key} value={member} name={key} level={level + 1} found={found} />
        ))}
        {left_out > 0 && <div class="faint">{`… and ${left_out} more, in the row`}</div>}
      </div>
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
