import { scaleBand, scaleLinear } from "d3-scale";

interface BarsProps {
  /** One a week, oldest first. */
  readonly values: readonly number[];
  readonly tone: "no" | "nojson";
  /** The numbers in words. */
  readonly label: string;
}

const WIDTH = 84;
const HEIGHT = 22;

/** A small column a week, the newest in full colour. */
export function Bars({ values, tone, label }: BarsProps) {
  const x = scaleBand(values.keys(), [0, WIDTH]).paddingInner(0.22);
  const y = scaleLinear([0, Math.max(...values) || 1], [0, HEIGHT - 1]);
  return (
    <svg class={`bars tone-${tone}`} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img">
      <title>{label}</title>
      {values.map((value, week) => (
        <rect
          key={week}
          class={week === values.length - 1 ? "last" : undefined}
          x={x(week)}
          y={HEIGHT - y(value) - 1}
          width={x.bandwidth()}
          height={y(value) + 1}
          rx="1"
        />
      ))}
    </svg>
  );
}
