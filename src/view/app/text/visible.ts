import { Fragment, options, type VNode } from "preact";

/** C0 but tab and line feed, DEL, C1, soft hyphen, zero-width, ends of lines and what changes the direction of text. */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0]/g;

/** The text with what cannot be seen, or turns text round, as its escape: `\u202e`. */
export function visible(text: string): string {
  return text.replace(HIDDEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Attributes that people read. */
const READ = ["title", "aria-label", "placeholder", "alt"];

/** Has every text that is rendered from here on made visible, in the browser and in the report: no component can forget it. */
export function showHidden(): void {
  const before = options.vnode;
  options.vnode = (vnode: VNode) => {
    // Texts stand in elements and fragments; a component hands them on.
    if (typeof vnode.type === "string" || vnode.type === Fragment) {
      const props: Record<string, unknown> = Object(vnode.props);
      if ("children" in props) props.children = visibleChildren(props.children);
      for (const name of READ) if (typeof props[name] === "string") props[name] = visible(props[name]);
    }
    before?.(vnode);
  };
}

function visibleChildren(children: unknown): unknown {
  if (typeof children === "string") return visible(children);
  return Array.isArray(children) ? children.map(visibleChildren) : children;
}
