import { useEffect, useMemo, useState } from "preact/hooks";
import { hrefOf, type Place, parsePlace } from "./place.js";

export interface Navigation {
  readonly place: Place;
  /** A link to a changed place. */
  link(change: Partial<Place>): string;
  /** Goes there; `replace` leaves no step for Back. */
  go(change: Partial<Place>, how?: "push" | "replace"): void;
}

/** The place of the address. Links within the page change it without a request. */
export function useNavigation(): Navigation {
  const [href, setHref] = useState(current);
  useEffect(() => {
    const read = () => setHref(current());
    const follow = (event: MouseEvent) => {
      const anchor = event.target instanceof Element ? event.target.closest("a") : null;
      const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
      const inside = anchor?.getAttribute("href")?.startsWith("?") === true && anchor.target === "";
      if (anchor === null || !plain || !inside || event.defaultPrevented) return;
      event.preventDefault();
      history.pushState(null, "", anchor.href);
      read();
    };
    addEventListener("popstate", read);
    addEventListener("hashchange", read);
    document.addEventListener("click", follow);
    return () => {
      removeEventListener("popstate", read);
      removeEventListener("hashchange", read);
      document.removeEventListener("click", follow);
    };
  }, []);
  return useMemo(() => {
    const place = parsePlace(location);
    const link = (change: Partial<Place>) => hrefOf({ ...place, ...change });
    return {
      place,
      link,
      go(change, how = "push") {
        const target = link(change);
        if (target === hrefOf(place)) return;
        if (how === "push") history.pushState(null, "", target);
        else history.replaceState(null, "", target);
        setHref(current());
      },
    };
  }, [href]);
}

const current = (): string => `${location.search}${location.hash}`;
