import { z } from "zod";
import { dnsLabel, duration, durationBetween, found, immutable, rules } from "./schema.ts";

/** The name of the producer that every JobQueue has without naming one. */
export const defaultProducer = "default";

/** How long a producer's earlier user stays where no `rotation.overlap` is set. */
export const defaultOverlap = "1h";

const producer = z
  .object({
    name: z
      .string()
      .max(63)
      .meta(
        rules(dnsLabel("a producer's name"), {
          rule: `self != '${defaultProducer}'`,
          ...found("self", "that is the producer that every JobQueue has: choose another name."),
        }),
      )
      .describe("Tells this producer from the queue's others."),
    secretName: z
      .string()
      .max(253)
      .meta(
        rules(
          {
            rule: "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
            ...found(
              "self",
              "secretName must be a Secret's name: lower-case letters, digits, '-' and '.'. Choose another.",
            ),
          },
          {
            // Comparing with the defaults would be too costly a rule: they have the JobQueue's name in them.
            rule: "!self.matches('-(producer|worker)(-|$)')",
            ...found(
              "self",
              "secretName must not contain -producer or -worker as words of its own: so the operator calls the Secrets that nobody names. Choose another.",
            ),
          },
        ),
      )
      .optional()
      .describe(
        "The Secret that is made for it, in this namespace. Immutable. Left out: <metadata.name>-producer-<name>.",
      ),
  })
  .meta(
    rules(
      immutable(
        "secretName",
        "whoever mounts the old one would be cut off. Add a producer of another name, and remove this one when nobody uses it.",
      ),
    ),
  )
  .describe("A producer with a user on the broker and a Secret of its own.");

const overlapMatches = "self.overlap.matches('^([0-9]{1,6}(ms|s|m|h))+$')";
const intervalMatches = "self.interval.matches('^([0-9]{1,6}(ms|s|m|h))+$')";

const rotation = z
  .object({
    interval: duration(
      "How often the producers and the queue's workers get new users and passwords. Between 1h and 8760h, a year. Left out: only on request, by the annotation jobwright.dev/rotate-credentials.",
    ).optional(),
    overlap: duration(
      "How long a producer's user before stays good, so that producers can change over; at most half of interval. Workers' stays until the last worker that has it is gone.",
    ).default(defaultOverlap),
  })
  .meta(
    rules(
      {
        ...durationBetween(
          "interval",
          "1h",
          "8760h",
          "rotation.interval must be between 1h and 8760h, a year: choose a value in that range",
        ),
        rule: `!has(self.interval) || !${intervalMatches} || (duration(self.interval) >= duration('1h') && duration(self.interval) <= duration('8760h'))`,
      },
      durationBetween("overlap", "0s", "720h", "rotation.overlap is longer than 720h, 30 days: lower it"),
      {
        rule: `!has(self.interval) || !${intervalMatches} || !${overlapMatches} || duration(self.overlap) + duration(self.overlap) <= duration(self.interval)`,
        ...found(
          "self.overlap",
          "rotation.overlap is longer than half of rotation.interval: lower overlap or raise interval",
        ),
        fieldPath: ".overlap",
      },
    ),
  )
  .describe("When credentials are replaced.");

/** Who may use the queue, and for how long a password is good. */
export const access = z
  .object({
    producers: z
      .array(producer)
      .max(32)
      .meta({
        ...{ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] },
        ...rules({
          rule: "self.all(p, !has(p.secretName) || self.exists_one(q, has(q.secretName) && q.secretName == p.secretName))",
          message: "two producers have the same secretName: give each one a Secret of its own",
        }),
      })
      .optional()
      .describe(
        "Producers beside the default one, each with a user that may do the same and with replies that no other producer can read. One that is removed loses its user and Secret at once.",
      ),
    rotation: rotation.optional(),
  })
  .describe("Credentials of those who produce, and how often credentials are replaced.");

const retiring = z
  .array(
    z
      .object({
        user: z.string().describe("On the broker."),
        since: z.iso.datetime().describe("When it was replaced."),
      })
      .describe("An earlier user."),
  )
  .optional()
  .describe("Earlier users that are still good.");

/** What a status records of one party's credentials. The password is in its Secret only. */
export const credentials = z
  .object({
    secretName: z.string().describe("The Secret with its address and password."),
    user: z.string().describe("Its user on the broker."),
    rotatedAt: z.iso.datetime().describe("Since when it has this user."),
    retiring,
  })
  .describe("Credentials in use.");

/** Of a JobQueue's status. */
export const producers = z
  .array(credentials.extend({ name: z.string().describe("The producer's name.") }).describe("A producer."))
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
  .optional()
  .describe("The producers that have credentials, the default one included.");

/** Of either kind's status: which request was carried out. */
export const rotationRequest = z
  .string()
  .optional()
  .describe("The value of annotation jobwright.dev/rotate-credentials that was last carried out.");

export type Credentials = z.infer<typeof credentials>;
