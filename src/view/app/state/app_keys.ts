import type { SessionLine } from "../../api.js";
import type { KeyAction } from "./keys.js";
import type { Navigation } from "./navigation.js";
import { moveRange } from "./range.js";

interface Parts {
  readonly navigation: Navigation;
  readonly list: readonly SessionLine[];
  readonly isOpen: boolean;
  /** How the server understood the range. */
  readonly bounds: { readonly since: string | null; readonly until: string | null };
  close(): void;
  copy(text: string, what: string): void;
  readonly command: string;
  toggleLive(): void;
  showKeys(): void;
}

/** All keys of the viewer. */
export function appKeys(parts: Parts): readonly KeyAction[] {
  const { navigation, isOpen, close, copy, command } = parts;
  const { place, go } = navigation;
  const range = (direction: -1 | 1) => go({ filters: moveRange(place.filters, direction, Date.now()) });
  const focus = (selector: string) => () => document.querySelector<HTMLElement>(selector)?.focus();
  return [
    { keys: ["j"], words: "the next session", run: () => step(parts, 1, () => true) },
    { keys: ["k"], words: "the session before", run: () => step(parts, -1, () => true) },
    {
      keys: ["e"],
      words: "the next session with a refusal",
      run: () => step(parts, 1, ({ refusal }) => refusal !== null),
    },
    {
      keys: ["Escape"],
      words: "close the session, or leave a field; then clear the filters",
      run: () => leave(isOpen, close, navigation),
    },
    { keys: ["go"], words: "the overview", run: () => go({ page: "overview", session: undefined, sql: undefined }) },
    { keys: ["gs"], words: "the sessions", run: () => go({ page: "sessions", session: undefined, sql: undefined }) },
    { keys: ["gq"], words: "SQL", run: () => go({ page: "sql", session: undefined }) },
    { keys: ["/"], words: "find", run: focus("#find") },
    { keys: ["f"], words: "filters", run: focus("#filter-kind") },
    {
      keys: ["a"],
      words: "what is not grounded or unchecked",
      run: () => go({ page: "sessions", session: undefined, filters: { ...place.filters, alarm: "any" } }),
    },
    { keys: ["l"], words: "live: follow or stop", run: parts.toggleLive },
    { keys: ["["], words: "the range before", run: () => range(-1) },
    { keys: ["]"], words: "the range after", run: () => range(1) },
    { keys: ["y"], words: "copy the link", run: () => copy(location.href, "link") },
    { keys: ["c"], words: "copy as command", run: () => copy(command, "command") },
    { keys: ["?"], words: "all keys", run: parts.showKeys },
  ];
}

/** Moves to the next session in a direction that is wanted: the focus, or the open session itself. */
function step({ list, isOpen, navigation }: Parts, direction: -1 | 1, wanted: (session: SessionLine) => boolean): void {
  const { session: opened } = navigation.place;
  const focused = document.activeElement?.closest("tr")?.getAttribute("data-sequence");
  const at = list.findIndex(({ sequence, session_id }) =>
    opened === undefined ? String(sequence) === focused : session_id.startsWith(opened),
  );
  for (let next = at < 0 ? 0 : at + direction; next >= 0 && next < list.length; next += direction) {
    const session = list[next];
    if (session === undefined || !wanted(session)) continue;
    if (isOpen) navigation.go({ session: session.session_id }, "replace");
    else focusRow(session.sequence, next);
    return;
  }
}

/** A row far away is not drawn: the page is scrolled to its place first. */
function focusRow(sequence: number, place: number): void {
  const find = () => document.querySelector<HTMLElement>(`tr[data-sequence="${sequence}"] a`);
  const link = find();
  if (link !== null) {
    link.focus();
    return;
  }
  const body = document.querySelector(".list tbody");
  const height = body?.querySelector("tr[data-sequence]")?.getBoundingClientRect().height ?? 33;
  scrollTo({ top: scrollY + (body?.getBoundingClientRect().top ?? 0) + place * height - innerHeight / 2 });
  requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus()));
}

function leave(isOpen: boolean, close: () => void, { place, go }: Navigation): void {
  const field = document.activeElement;
  if (field instanceof HTMLElement && field.matches("input, select, textarea")) field.blur();
  else if (isOpen) close();
  else go({ filters: {}, panel: undefined, page: place.page });
}
