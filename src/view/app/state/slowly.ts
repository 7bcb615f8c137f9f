import { useEffect, useRef, useState } from "preact/hooks";

/** The value, following it at most once in a time. */
export function useSlowly<T>(value: T, every_ms: number): T {
  const [slow, setSlow] = useState(value);
  const newest = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  newest.current = value;
  useEffect(() => {
    if (value === slow || timer.current !== undefined) return;
    timer.current = setTimeout(() => {
      timer.current = undefined;
      setSlow(newest.current);
    }, every_ms);
  }, [value, slow, every_ms]);
  useEffect(() => () => clearTimeout(timer.current), []);
  return slow;
}
