import { z } from "zod";

/** A CEL rule that the API server checks at admission. `message` says what to do, not what is wrong with the user. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  /** CEL for what is said instead, of the object at hand. The API server falls back to `message` where it cannot be evaluated. */
  readonly messageExpression?: string;
  /** Path of the field the message is about, relative to the schema the rule stands on, such as `.replicas`. */
  readonly fieldPath?: string;
  readonly reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired" | "FieldValueDuplicate";
}

/** `.meta(rules(…))` puts CEL rules on a schema. */
export function rules(...list: Rule[]): { "x-kubernetes-validations": Rule[] } {
  return { "x-kubernetes-validations": list };
}

/**
 * A rule's message that begins with what was found: of anything but a number, the API server prints the type alone
 * ("Invalid value: "string"").
 *
 * @param value CEL for the value, a string of bounded length (a number's text has none to the API server).
 */
export function found(value: string, message: string): Pick<Rule, "message" | "messageExpression"> {
  return { message, messageExpression: `"found '" + ${value} + "': " + ${JSON.stringify(message)}` };
}

/** Holds a string to what Kubernetes calls a DNS label, but for its length. `what` it is: "a lane's name". */
export function dnsLabel(what: string): Rule {
  return {
    rule: "self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
    ...found("self", `${what} must be a DNS label: lower-case letters, digits and '-', no dots. Choose another.`),
  };
}

/**
 * What the contract calls a duration, kept so short that CEL's `duration()` cannot overflow. A rule and no `pattern`:
 * the API server would answer with the bare regular expression.
 */
const durationMatches = "matches('^([0-9]{1,6}(ms|s|m|h))+$')";

/** A duration such as `1h30m`. Its length is bounded so that the API server can bound the cost of CEL rules on it. */
export function duration(description: string) {
  return z
    .string()
    .max(20)
    .meta(
      rules({
        rule: `self.${durationMatches}`,
        ...found(
          "self",
          "expected a duration: whole numbers of at most six digits with ms, s, m or h, such as 250ms, 30s or 1h30m; a day is 24h",
        ),
      }),
    )
    .describe(description);
}

/** Holds a duration field of `self` within bounds. Says nothing of what is no duration, since the field's own rule does. */
export function durationBetween(field: string, shortest: string, longest: string, message: string): Rule {
  return {
    rule: `!self.${field}.${durationMatches} || (duration(self.${field}) >= duration('${shortest}') && duration(self.${field}) <= duration('${longest}'))`,
    ...found(`self.${field}`, message),
    fieldPath: `.${field}`,
  };
}

/** Holds one duration field of `self` at most as long as another. */
export function durationAtMost(field: string, longest: string, message: string): Rule {
  return {
    rule: `!self.${field}.${durationMatches} || !self.${longest}.${durationMatches} || duration(self.${field}) <= duration(self.${longest})`,
    ...found(`self.${field}`, message),
    fieldPath: `.${field}`,
  };
}

/** A reference to an object of the same namespace. */
export function reference(description: string) {
  const name = z
    .string()
    .min(1)
    .max(253)
    .meta(
      rules({
        rule: "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
        ...found("self", "that is no object's name: lower-case letters, digits, '-' and '.'. Correct it."),
      }),
    )
    .describe("Its name, in this namespace.");
  return z.object({ name }).describe(description);
}

/** A name that is one DNS label, so that `<namespace>.<name>` has exactly two words on the broker. */
export function dnsLabelName(kind: string, maxLength: number): Rule {
  return {
    rule: `self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && size(self.metadata.name) <= ${maxLength}`,
    ...found(
      "self.metadata.name",
      `metadata.name of a ${kind} must be a DNS label of at most ${maxLength} characters: lower-case letters, digits and '-', no dots. Choose another name.`,
    ),
  };
}

/**
 * A field that cannot change once the object exists. The rule stands on the parent: `self == oldSelf` on the field itself
 * would miss its being set or unset.
 */
export function immutable(field: string, remedy: string): Rule {
  return {
    rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    message: `${field} cannot be changed once the object exists: ${remedy}`,
    fieldPath: `.${field}`,
    reason: "FieldValueForbidden",
  };
}
