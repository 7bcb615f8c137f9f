import { Pip } from "./pips.js";

/** The mark of the program: a refusal, then an acceptance. */
export function Logo() {
  return (
    <span class="logo" aria-hidden="true">
      <Pip letter="v" />
      <Pip letter="a" />
    </span>
  );
}
