import { scaleLinear } from "d3-scale";
import { area, curveMonotoneX, line } from "d3-shape";

interface SparkProps {
  /** One a week, oldest first; at least one. */
  readonly values: readonly number[];
  /** Interval of each value. */
  readonly band?: readonly (readonly [low: number, high: number])[];
  /** Whether the axis begins at 0. */
  readonly zero?: boolean;
  readonly tone?: "ink" | "ok" | "no" | "infra";
  /** The numbers in words. */
  readonly label: string;
}

const WIDTH = 120;
const HEIGHT = 34;

/** A line of a value by week, the newest as a dot; with a band, how sure each is. */
export function Spark({ values, band, zero = false, tone = "ink", label }: SparkProps) {
  const lows = band?.map(([low]) => low) ?? values;
  const highs = band?.map(([, high]) => high) ?? values;
  const x = scaleLinear([0, Math.max(1, values.length - 1)], [4, WIDTH - 5]);
  const y = scaleLinear([zero ? 0 : Math.min(...lows), Math.max(...highs) || 1], [HEIGHT - 4, 5]);
  const at = (index: number) => x(values.length === 1 ? 1 : index);
  const stroke = line<number>((_, index) => at(index), y).curve(curveMonotoneX)(values) ?? "";
  const last = values.length - 1;
  return (
    <svg class={`spark tone-${tone}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img">
      <title>{label}</title>
      {band !== undefined && band.length > 1 && (
        <path
          class="band"
          d={
            area<readonly [number, number]>(
              (_, index) => at(index),
              ([low]) => y(low),
              ([, high]) => y(high),
            ).curve(curveMonotoneX)(band) ?? ""
          }
        />
      )}
      <path class="stroke" d={stroke} vector-effect="non-scaling-stroke" />
      <path class="dot" d={`M${at(last)},${y(values[last] ?? 0)}h.01`} vector-effect="non-scaling-stroke" />
    </svg>
  );
}
