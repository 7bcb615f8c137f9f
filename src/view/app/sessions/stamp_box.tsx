import type { RosterLookup, SessionDetail } from "../../api.js";
import { count } from "../text/format.js";

type Stamped = Pick<SessionDetail, "kind" | "verdict" | "grounded" | "roster">;

/** What the daemon said of the roster, what the roster says, and the ids that are not there. Nothing for other than accepted sessions. */
export function StampBox({ session, roster_name }: { session: Stamped; roster_name: string | null }) {
  const { kind, verdict, grounded, roster } = session;
  if (verdict !== "accepted" || (kind !== "fill" && roster === null && grounded === null)) return null;
  const [style, title] = judged(session);
  return (
    <div class={`stamp-box ${style}`}>
      <b>{title}</b>
      <span>
        daemon's stamp: <b>{grounded === null ? "none" : grounded ? "grounded" : "not grounded"}</b>
      </span>
      <span>
        {roster === null ? (
          "the roster was not asked: start with --roster FILE"
        ) : (
          <Lookup roster={roster} name={roster_name} />
        )}
      </span>
    </div>
  );
}

function judged({ grounded, roster, kind }: Stamped): readonly [style: "ok" | "bad" | "warn", title: string] {
  if (roster !== null && roster.unknown.length > 0) {
    return ["bad", grounded === true ? "▼ A phantom worker, stamped as grounded" : "▼ A phantom worker"];
  }
  if (grounded === true) return ["ok", "✓ Grounded"];
  if (grounded === null) return ["warn", kind === "fill" ? "▽ Never checked" : "▽ Not checked"];
  return roster === null ? ["bad", "▼ Not grounded"] : ["warn", "▽ Stamped false, but everybody is on the roster"];
}

const NAMED_MAX = 20;

function Lookup({ roster: { ids, unknown }, name }: { roster: RosterLookup; name: string | null }) {
  const found = ids.filter(({ entry }) => entry !== null).length;
  const more = unknown.length - NAMED_MAX;
  return (
    <>
      {`${name?.split("/").at(-1) ?? "roster"}: `}
      <b>{`${count(found)} of ${count(Math.max(ids.length, found + unknown.length))} found`}</b>
      {unknown.length > 0 && (
        <>
          , not <code>{unknown.slice(0, NAMED_MAX).join(", ")}</code>
          {more > 0 && ` and ${count(more)} more`}
        </>
      )}
    </>
  );
}
