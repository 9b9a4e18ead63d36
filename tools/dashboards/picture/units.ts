/** A value with its unit, as short as Grafana would write it. */
export function withUnit(value: number, unit = "short"): string {
  if (!Number.isFinite(value)) return "–";
  switch (unit) {
    case "s":
      return duration(value);
    case "percentunit":
      return `${digits(value * 100)} %`;
    case "ops":
      return `${digits(value)}/s`;
    case "bytes":
      return `${digits(value / 2 ** 20)} MiB`;
    default:
      return value >= 10_000 ? `${digits(value / 1_000)} k` : digits(value);
  }
}

function duration(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (Math.abs(seconds) < 1) return `${digits(seconds * 1_000)} ms`;
  return Math.abs(seconds) < 120 ? `${digits(seconds)} s` : `${digits(seconds / 60)} min`;
}

/** Bytes that are a round number of MiB, and no fewer than these. */
export function niceBytes(bytes: number): number {
  let nice = 2 ** 20;
  while (nice < bytes) nice *= 2;
  return nice;
}

/** Three digits that count. */
function digits(value: number): string {
  const size = Math.abs(value);
  return String(Number(value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : size >= 0.1 || size === 0 ? 2 : 3)));
}
