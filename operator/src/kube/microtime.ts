/**
 * A time as Kubernetes' MicroTime: six digits after the point, for example "2026-03-01T12:00:00.123000Z".
 * The API server answers 400 to the three digits of `Date.toISOString()` where it expects a MicroTime.
 */
export function microTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
