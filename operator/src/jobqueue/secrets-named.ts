import type { JobQueue } from "../api/objects.ts";
import type { AddressSources } from "./address.ts";

/** The Secrets, as `<namespace>/<name>`, that a JobQueue is made from: whatever changes in one of them, it is to be looked at. */
export function secretsNamed(
  { metadata: { namespace }, spec: { broker, encryption } }: JobQueue,
  defaultSecret: AddressSources["defaultBrokerSecret"],
): string[] {
  const own = [broker?.secretRef, broker?.caSecretRef, encryption?.keySecretRef];
  const named = own.filter((reference) => reference !== undefined).map(({ name }) => `${namespace}/${name}`);
  return broker === undefined && defaultSecret ? [...named, `${defaultSecret.namespace}/${defaultSecret.name}`] : named;
}
