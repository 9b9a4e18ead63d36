type Labels = Record<string, string>;

/** Metrics of one process at one time. */
export interface Metrics {
  /** The sum of a metric's samples whose labels are wanted; 0 where there is none. */
  sum(name: string, wanted?: (labels: Labels) => boolean): number;
  /** The same, by the values of some labels. */
  by(name: string, ...labels: readonly string[]): Record<string, number>;
}

/** Reads Prometheus' text format, as far as prom-client writes it. */
export function parseMetrics(text: string): Metrics {
  const samples = text.split("\n").flatMap((line) => {
    const [, name, labels = "", value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, labels: labelsIn(labels), value: Number(value) }];
  });
  return {
    sum: (name, wanted = () => true) =>
      samples.filter((one) => one.name === name && wanted(one.labels)).reduce((sum, { value }) => sum + value, 0),
    by(name, ...labels) {
      const sums: Record<string, number> = {};
      for (const sample of samples.filter((one) => one.name === name)) {
        const key = labels.map((label) => sample.labels[label] ?? "").join(" ");
        sums[key] = (sums[key] ?? 0) + sample.value;
      }
      return sums;
    },
  };
}

function labelsIn(text: string): Labels {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key = "", value = ""]) => [key, value]),
  );
}
