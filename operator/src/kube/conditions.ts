/** One aspect of an object's state, as in `status.conditions` of every kind. */
export interface Condition {
  type: string;
  status: "True" | "False" | "Unknown";
  /** One CamelCase word for programs. */
  reason: string;
  /** For people. */
  message: string;
  observedGeneration?: number | undefined;
  /** RFC 3339, whole seconds: when `status` last changed. */
  lastTransitionTime: string;
}

/** A condition as a controller states it; when it last changed is worked out. */
export type NewCondition = Omit<Condition, "lastTransitionTime">;

/** The list with this condition in its place (or added last). `lastTransitionTime` stays while `status` stays. */
export function setCondition(conditions: readonly Condition[] | undefined, next: NewCondition, now: Date): Condition[] {
  const previous = conditions?.find(({ type }) => type === next.type);
  const lastTransitionTime = previous?.status === next.status ? previous.lastTransitionTime : wholeSeconds(now);
  const condition = { ...next, lastTransitionTime };
  return previous
    ? (conditions ?? []).map((each) => (each === previous ? condition : each))
    : [...(conditions ?? []), condition];
}

export function removeCondition(conditions: readonly Condition[] | undefined, type: string): Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

/** What an object's three kstatus conditions are worked out from. */
export interface Readiness {
  /**
   * - `Ready`: the object is as its spec says.
   * - `Reconciling`: the controller works on it or tries again by itself.
   * - `Stalled`: nothing more will happen until the user mends something.
   */
  state: "Ready" | "Reconciling" | "Stalled";
  reason: string;
  message: string;
  observedGeneration?: number | undefined;
}

/**
 * The list in kstatus' shape: `Ready` always; `Reconciling` (True) only while working, `Stalled` (True) only when the user
 * must mend something, and never both. Other conditions stay as they are.
 */
export function readyConditions(
  conditions: readonly Condition[] | undefined,
  { state, ...why }: Readiness,
  now: Date,
): Condition[] {
  let next = setCondition(conditions, { type: "Ready", status: state === "Ready" ? "True" : "False", ...why }, now);
  for (const type of ["Reconciling", "Stalled"]) {
    next = type === state ? setCondition(next, { type, status: "True", ...why }, now) : removeCondition(next, type);
  }
  return next;
}

/** metav1.Time has whole seconds; with a fraction the value read back would differ from the one written. */
function wholeSeconds(date: Date): string {
  return date.toISOString().replace(/\.\d{3}Z$/, "Z");
}
