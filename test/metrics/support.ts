/** The series of Prometheus' text format, each with its value: `name{label="value"}`. */
export function seriesOf(text: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** The metrics of a text, each with its type, its labels and what it says of itself. */
export function metricsOf(text: string): readonly { name: string; type: string; labels: string; help: string }[] {
  const series = [...seriesOf(text).keys()];
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)$/gm)].map(([, name = "", help = "", type = ""]) => {
    const own = series.filter((each) => new RegExp(`^${name}(_bucket)?\\{`).test(each)).join();
    const labels = new Set([...own.matchAll(/[{,](\w+)="/g)].map(([, label]) => label));
    labels.delete("le");
    return { name, type, labels: [...labels].join(", "), help };
  });
}
