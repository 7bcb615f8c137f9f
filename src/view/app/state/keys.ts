import { useEffect, useRef } from "preact/hooks";

/** What a key does, in words, for the list of all keys; the action by its keys. */
export interface KeyAction {
  /** As KeyboardEvent.key; two letters for one after the other. */
  readonly keys: readonly string[];
  readonly words: string;
  run(): void;
}

/** Two letters within this are one key. */
const SECOND_MS = 1000;

/** Calls actions by keys: letters only outside of inputs, and never with Ctrl, Alt or Meta. */
export function useKeys(actions: readonly KeyAction[]): void {
  const newest = useRef(actions);
  newest.current = actions;
  useEffect(() => {
    let first = "";
    let at_ms = 0;
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      const writing = target?.closest("input, select, textarea") != null;
      // A dialog has its own keys, and Escape closes it.
      if (document.querySelector("dialog[open]") !== null || (writing && event.key !== "Escape")) return;
      const pair = performance.now() - at_ms < SECOND_MS ? first + event.key : event.key;
      first = event.key;
      at_ms = performance.now();
      const find = (key: string) => newest.current.find(({ keys }) => keys.includes(key));
      const action = find(pair) ?? find(event.key);
      if (action === undefined) return;
      event.preventDefault();
      first = "";
      action.run();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}
