import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** Which rows of a long table are drawn. */
export interface Drawn {
  readonly from: number;
  readonly to: number;
  readonly row_height: number;
}

/** Rows that are drawn beyond each end of what is seen. */
const MARGIN = 30;
const HEIGHT_DEFAULT = 33;

/**
 * The rows that are near to what is seen of a table that scrolls with the page.
 *
 * @param count all rows
 */
export function useWindow(box: RefObject<HTMLElement | null>, count: number): Drawn {
  const [drawn, setDrawn] = useState<Drawn>({ from: 0, to: 2 * MARGIN, row_height: HEIGHT_DEFAULT });
  useEffect(() => {
    let frame = 0;
    const look = () => {
      frame = 0;
      const body = box.current?.querySelector("tbody");
      if (body == null) return;
      const row_height = body.querySelector("tr[data-sequence]")?.getBoundingClientRect().height || HEIGHT_DEFAULT;
      const above = Math.floor(-body.getBoundingClientRect().top / row_height);
      const from = Math.max(0, Math.min(above, count) - MARGIN);
      const to = Math.min(count, Math.max(0, above) + Math.ceil(innerHeight / row_height) + MARGIN);
      setDrawn((before) =>
        before.from === from && before.to === to && before.row_height === row_height
          ? before
          : { from, to, row_height },
      );
    };
    const later = () => {
      frame ||= requestAnimationFrame(look);
    };
    later();
    addEventListener("scroll", later, { passive: true });
    addEventListener("resize", later);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", later);
      removeEventListener("resize", later);
    };
  }, [count, box]);
  return drawn;
}
