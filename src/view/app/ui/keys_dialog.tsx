import { useEffect, useRef } from "preact/hooks";
import type { KeyAction } from "../state/keys.js";

/** All keys, in a dialog. */
export function KeysDialog({ actions, onClose }: { actions: readonly KeyAction[]; onClose: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} onClose={onClose} aria-labelledby="keys-title">
      <header>
        <h2 id="keys-title">Keys</h2>
        <button type="button" class="ghost" onClick={() => dialog.current?.close()} aria-label="Close">
          ✕
        </button>
      </header>
      <dl class="keys">
        {actions.map(({ keys, words }) => (
          <div key={words} class="keys-row">
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{KEY_NAMES[key] ?? key}</kbd>
              ))}
            </dt>
            <dd>{words}</dd>
          </div>
        ))}
      </dl>
    </dialog>
  );
}

const KEY_NAMES: Readonly<Record<string, string>> = { Escape: "Esc", Enter: "↵", go: "g o", gs: "g s", gq: "g q" };
