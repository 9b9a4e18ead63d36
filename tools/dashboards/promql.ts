/** A quantile of a histogram over what a panel's point stands for, from the workers that `selector` takes. */
export function quantile(of: number, histogram: string, selector: string, by: readonly string[] = []): string {
  const labels = ["le", ...by].join(", ");
  return `histogram_quantile(${of}, sum by (${labels}) (rate(${histogram}_bucket{${selector}}[$__rate_interval])))`;
}

/** Runs a second that ended, by some labels. */
export function runs(selector: string, by: string): string {
  return `sum by (${by}) (rate(jobwright_jobs_total{${selector}}[$__rate_interval]))`;
}
