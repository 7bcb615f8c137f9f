import { useState } from "preact/hooks";

const SHOWN_MS = 1500;

/** A button that copies a text and says so. */
export function Copy({ text, children, title }: { text: string; children: string; title?: string }) {
  const [state, setState] = useState<"" | "copied" | "not allowed here">("");
  const copy = async () => {
    setState((await copyText(text)) ? "copied" : "not allowed here");
    setTimeout(() => setState(""), SHOWN_MS);
  };
  return (
    <button type="button" class="ghost" title={title} onClick={copy}>
      {state || children}
    </button>
  );
}

/** Resolves with whether the browser allowed it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
