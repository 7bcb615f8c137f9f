import { Counter, Gauge, Histogram, type Registry } from "prom-client";

/** A count of one series. */
export interface Tally {
  count: number;
}

/** Name, help and labels of a metric. */
export interface Definition<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

/** The labels' values of one series; a label without value is left out. */
export type Labels<Label extends string> = Readonly<Partial<Record<Label, string>>>;

/**
 * A counter. What it returns makes a series, which is 0 at first and counted by whoever holds its tally: prom-client's own
 * inc() looks the series up each time, which every row would pay for.
 */
export function addCounter<Label extends string = never>(
  registry: Registry,
  { name, help, labels = [] }: Definition<Label>,
): (labels: Labels<Label>) => Tally {
  const series = new Map<string, { readonly labels: Labels<Label>; readonly tally: Tally }>();
  const counter: Counter<Label> = new Counter({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      counter.reset();
      for (const { labels, tally } of series.values()) counter.inc(labels, tally.count);
    },
  });
  return (values) => {
    const key = JSON.stringify(labels.map((label) => values[label]));
    const found = series.get(key) ?? { labels: values, tally: { count: 0 } };
    series.set(key, found);
    return found.tally;
  };
}

/** A gauge whose only series is read when it is asked for. */
export function addGauge(registry: Registry, definition: Definition<never>, read: () => number): void {
  addGauges(registry, definition, () => [[{}, read()]]);
}

/** A gauge whose series are read when they are asked for. */
export function addGauges<Label extends string>(
  registry: Registry,
  { name, help, labels = [] }: Definition<Label>,
  read: () => Iterable<readonly [Labels<Label>, number]>,
): void {
  const gauge: Gauge<Label> = new Gauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect() {
      gauge.reset();
      for (const [values, number] of read()) gauge.set(values, number);
    },
  });
}

/**
 * A histogram. What it returns makes a series, and that counts a value: at a twentieth of what prom-client's own observe() takes,
 * which looks the series up each time. Its version is pinned for it, as it shows no way to what it keeps.
 */
export function addHistogram<Label extends string = never>(
  registry: Registry,
  { name, help, labels = [] }: Definition<Label>,
  buckets: readonly number[],
): (labels: Labels<Label>) => (value: number) => void {
  const options = { name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] };
  const histogram = new Histogram<Label>(options);
  const names = buckets.map(String);
  return (values) => {
    histogram.zero(values);
    const kept: unknown = Object.values(Object(Reflect.get(histogram, "hashMap"))).at(-1);
    if (!isKept(kept)) throw new Error("prom-client keeps histograms in another way");
    const { bucketValues } = kept;
    return (value) => {
      kept.sum += value;
      kept.count += 1;
      for (let index = 0; index < buckets.length; index += 1) {
        if (value > (buckets[index] ?? 0)) continue;
        const bucket = names[index] ?? "";
        bucketValues[bucket] = (bucketValues[bucket] ?? 0) + 1;
        return;
      }
    };
  };
}

/** A series of a histogram, as prom-client keeps it; each bucket without those below it. */
interface Kept {
  readonly bucketValues: Record<string, number>;
  sum: number;
  count: number;
}

function isKept(value: unknown): value is Kept {
  return typeof value === "object" && value !== null && "bucketValues" in value && "sum" in value && "count" in value;
}
