import { inspect } from "node:util";

const longest = 100;

/** A value as a message of an error shows what was found, whatever it is: JSON would refuse a BigInt and what holds itself. */
export function shown(value: unknown): string {
  const text = typeof value === "string" ? JSON.stringify(value) : inspect(value, { depth: 1, breakLength: Infinity });
  return text.length <= longest ? text : `${text.slice(0, longest)}…`;
}
