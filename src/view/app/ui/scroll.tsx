import type { ComponentChildren } from "preact";

/** A text with its own lines, which scrolls when it is long, also by keyboard. */
export function ScrollText({ style, children }: { style: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <pre class={style} tabIndex={0}>
      {children}
    </pre>
  );
}

/** What is too wide for a narrow window scrolls by itself, also by keyboard. */
export function ScrollWide({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable without a mouse
    <figure class="wide-table" aria-label={label} tabIndex={0}>
      {children}
    </figure>
  );
}
