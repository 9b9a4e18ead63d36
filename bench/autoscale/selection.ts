import type { Subject } from "./subject.ts";
import type { Trace } from "./traces.ts";

/** What `--quick` runs. */
export const quickly = [
  "single/kubectl-scale",
  "burst/kubectl-scale",
  ...["single", "burst"].flatMap((trace) => [
    `${trace}/jobwright`,
    `${trace}/keda-default`,
    `${trace}/keda-tuned queueLength 5, polling 1 s, amqp`,
  ]),
];

/**
 * Whether one of `only` means this run: a trace's name, or `<trace>/<text>` where the subject's name and set-up have the text.
 * None means all.
 */
export function isChosen(
  only: readonly string[],
  trace: Pick<Trace, "name">,
  { subject, config }: Pick<Subject, "subject" | "config">,
): boolean {
  if (only.length === 0) return true;
  return only.some((one) => {
    const [name, text = ""] = one.split("/", 2);
    return name === trace.name && `${subject} ${config}`.includes(text);
  });
}
