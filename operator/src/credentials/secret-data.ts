import type { KubeObject } from "../kube/index.ts";

/** A Secret as the API server returns it: values in base64. */
export interface Secret extends KubeObject {
  data?: Record<string, string>;
  type?: string;
}

/** The values as text. */
export function decodeData(data: Readonly<Record<string, string>> | undefined): Record<string, string> {
  const entries = Object.entries(data ?? {});
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]));
}

/** Text as a Secret's values; what is undefined is left out. */
export function encodeData(data: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(data).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(entries.map(([key, value]) => [key, Buffer.from(value).toString("base64")]));
}
