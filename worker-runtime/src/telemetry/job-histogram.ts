import { Histogram, type Registry } from "prom-client";

/** What was observed of one job. */
interface Observed {
  /** How many fell into each bucket, the last being beyond all bounds. */
  readonly counts: number[];
  sum: number;
  count: number;
}

/**
 * A histogram by the label `job`. prom-client's own makes a key of its labels at each observation, which costs a short
 * job more than the rest of its metrics together; so the counting is done here, and told at each scrape.
 */
export class JobHistogram extends Histogram<"job"> {
  readonly #configuration: { name: string; help: string; buckets: readonly number[] };
  readonly #jobs = new Map<string, Observed>();

  constructor(configuration: { name: string; help: string; buckets: number[]; registers: Registry[] }) {
    super({ ...configuration, labelNames: ["job"] });
    this.#configuration = configuration;
  }

  observeJob(job: string, value: number): void {
    const { buckets } = this.#configuration;
    let observed = this.#jobs.get(job);
    if (observed === undefined) {
      observed = { counts: new Array<number>(buckets.length + 1).fill(0), sum: 0, count: 0 };
      this.#jobs.set(job, observed);
    }
    let bucket = 0;
    while (value > (buckets[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
    observed.counts[bucket] = (observed.counts[bucket] ?? 0) + 1;
    observed.sum += value;
    observed.count += 1;
  }

  /** What prom-client's registry asks for, and its own `get` is made of. */
  async getForPromString() {
    const { name, help } = this.#configuration;
    const values = [...this.#jobs].flatMap(([job, observed]) => this.#lines(job, observed));
    return { name, help, type: "histogram", aggregator: "sum", values };
  }

  #lines(job: string, { counts, sum, count }: Observed) {
    const { name, buckets } = this.#configuration;
    const sharedLabels = { job };
    let upTo = 0;
    const cumulative = counts.map((inBucket, index) => {
      upTo += inBucket;
      return { labels: { le: buckets[index] ?? "+Inf" }, sharedLabels, value: upTo, metricName: `${name}_bucket` };
    });
    return [
      ...cumulative,
      { labels: {}, sharedLabels, value: sum, metricName: `${name}_sum` },
      { labels: {}, sharedLabels, value: count, metricName: `${name}_count` },
    ];
  }
}
