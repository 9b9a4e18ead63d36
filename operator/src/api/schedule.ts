import { z } from "zod";
import { duration, durationBetween, found, rules } from "./schema.ts";

/** A cron field of `value`s: a list of `*`, values and ranges, the first and last of these with steps. */
function field(value: string): string {
  const step = "(/[1-9][0-9]?)?";
  const item = `([*]${step}|${value}(-${value}${step})?)`;
  return `${item}(,${item})*`;
}

const months = "(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)";
const weekdays = "(?i:sun|mon|tue|wed|thu|fri|sat)";

/** What the operator's cron library understands, as a regular expression of RE2. */
const fiveFields = [
  field("[0-5]?[0-9]"),
  field("([01]?[0-9]|2[0-3])"),
  field("(0?[1-9]|[12][0-9]|3[01])"),
  field(`(0?[1-9]|1[0-2]|${months})`),
  field(`([0-7]|${weekdays})`),
].join(" ");

/** Times at which a pool keeps more workers. What only a calendar can tell (a zone that exists, a 31 February) the operator checks. */
export const schedule = z
  .object({
    cron: z
      .string()
      .max(100)
      .meta(
        rules({
          rule: `self.matches('^${fiveFields}$')`,
          ...found(
            "self",
            "expected cron's five fields with one space between, minute hour day-of-month month day-of-week, such as '0 8 * * 1-5' for 8:00 from Monday to Friday",
          ),
        }),
      )
      .describe(
        "When the window opens, in cron's five fields: minute, hour, day of the month, month, day of the week. Where both days are restricted, either will do.",
      ),
    timeZone: z
      .string()
      .max(64)
      .default("UTC")
      .meta(
        rules({
          rule: "self.matches('^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$')",
          ...found("self", "expected the name of a time zone, such as UTC or Europe/Berlin"),
        }),
      )
      .describe("The time zone of cron, by its name in the IANA database; summer time is observed."),
    duration: duration("How long the window stays open, by the clock that knows no summer time."),
    minReplicas: z
      .int()
      .min(1)
      .max(10_000)
      .describe("The fewest workers while the window is open, where that is more than the pool's own minReplicas."),
  })
  .meta(rules(durationBetween("duration", "1m", "744h", "duration must be between 1m and 744h, 31 days")))
  .describe("A window of time with more workers. Where several are open, the largest counts.");
