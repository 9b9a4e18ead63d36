import { Counter, Gauge, type Registry } from "prom-client";

export type Labels = Readonly<Record<string, string>>;

/** A metric whose values are looked up when somebody asks. What is no longer told of leaves nothing behind. */
export interface AtScrape {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  /** Counts up; absent: a gauge. */
  readonly counts?: boolean;
  read(): Iterable<readonly [labels: Labels, value: number]>;
}

export function registerAtScrape(registry: Registry, { name, help, labelNames, counts = false, read }: AtScrape): void {
  const options = { name, help, labelNames: [...labelNames], registers: [registry] };
  if (counts) {
    new Counter({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.inc(labels, value);
      },
    });
  } else {
    new Gauge({
      ...options,
      collect() {
        this.reset();
        for (const [labels, value] of read()) this.set(labels, value);
      },
    });
  }
}

/** One answer to a scrape asks all metrics in one turn: what they are about is listed once for it. */
export function oncePerScrape<T>(list: () => Iterable<T>): () => readonly T[] {
  let current: readonly T[] | undefined;
  return () => {
    if (current === undefined) {
      current = [...list()];
      queueMicrotask(() => {
        current = undefined;
      });
    }
    return current;
  };
}
