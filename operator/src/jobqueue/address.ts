import type { JobQueue } from "../api/objects.ts";
import { type BrokerAddress, BrokerSecretInvalid, brokerAddress } from "../broker/index.ts";
import { decodeData } from "../credentials/secret-data.ts";
import { Problem } from "../problem.ts";
import { resolvedName } from "./names.ts";
import type { SecretReader } from "./secret-reader.ts";

export interface AddressSources {
  readonly readSecret: SecretReader;
  /** The broker that the operator was installed with. */
  readonly defaultBrokerSecret?: { readonly namespace: string; readonly name: string } | undefined;
  /** What `spec.vhost` may name on that broker, beside the Secret's own. */
  readonly allowedVhosts: readonly string[];
}

/**
 * Where a JobQueue's broker is, from the Secret that it or the operator names.
 *
 * @throws Problem if a Secret or a key is missing, or the JobQueue may not have that vhost or name there.
 * @throws BrokerSecretInvalid if a key's value cannot be used.
 */
export async function addressOf(sources: AddressSources, jobQueue: JobQueue): Promise<BrokerAddress> {
  const { namespace } = jobQueue.metadata;
  const { broker, vhost } = jobQueue.spec;
  if (resolvedName(jobQueue).startsWith(reserved)) {
    throw new Problem(
      "Stalled",
      "NameNotAllowed",
      `it would be called "${resolvedName(jobQueue)}" on the broker, where names that begin with "${reserved}" are Jobwright's own: create it in another namespace, or with spec.broker and spec.name.`,
    );
  }
  if (broker === undefined) return defaultAddress(sources, jobQueue);
  const secret = await readData(sources, namespace, broker.secretRef.name, "spec.broker.secretRef.name");
  const ca = broker.caSecretRef
    ? (await readData(sources, namespace, broker.caSecretRef.name, "spec.broker.caSecretRef.name"))["ca.crt"]
    : undefined;
  if (broker.caSecretRef && ca === undefined) {
    throw new Problem(
      "Stalled",
      "BrokerSecretInvalid",
      `Secret ${namespace}/${broker.caSecretRef.name} (spec.broker.caSecretRef.name) has no key "ca.crt": put the CA's certificate there, in PEM.`,
    );
  }
  const source = { secret, ...(ca === undefined ? {} : { ca }), ...(vhost === undefined ? {} : { vhost }) };
  return read(source, `${namespace}/${broker.secretRef.name} (spec.broker.secretRef.name)`);
}

/** @param which says which Secret it is, where one of its keys is wrong. */
function read(source: Parameters<typeof brokerAddress>[0], which: string): BrokerAddress {
  try {
    return brokerAddress(source);
  } catch (error) {
    if (!(error instanceof BrokerSecretInvalid)) throw error;
    throw new BrokerSecretInvalid(error.key, `Secret ${which}: ${error.message}`);
  }
}

/** The broker's resources of our own begin so, in every vhost. */
const reserved = "jobwright.";

async function defaultAddress(sources: AddressSources, jobQueue: JobQueue): Promise<BrokerAddress> {
  const { defaultBrokerSecret, allowedVhosts } = sources;
  const { namespace } = jobQueue.metadata;
  const { vhost } = jobQueue.spec;
  if (defaultBrokerSecret === undefined) {
    throw new Problem(
      "Stalled",
      "BrokerNotConfigured",
      "spec.broker is not set and the operator was installed without a broker of its own: set spec.broker.secretRef.name, or install the chart with broker.secretName.",
    );
  }
  const name = resolvedName(jobQueue);
  if (!name.startsWith(`${namespace}.`)) {
    throw new Problem(
      "Stalled",
      "NameNotAllowed",
      `spec.name is "${name}", but on the operator's own broker it must begin with "${namespace}.", so that no namespace can take another's queue: create a JobQueue with such a name, or without spec.name, or use a broker of your own (spec.broker).`,
    );
  }
  const secret = await readData(
    sources,
    defaultBrokerSecret.namespace,
    defaultBrokerSecret.name,
    "the chart's broker.secretName",
  );
  const which = `${defaultBrokerSecret.namespace}/${defaultBrokerSecret.name} (the chart's broker.secretName)`;
  const own = read({ secret }, which);
  if (vhost === undefined || vhost === own.vhost) return own;
  if (!allowedVhosts.includes(vhost)) {
    throw new Problem(
      "Stalled",
      "VhostNotAllowed",
      `spec.vhost is "${vhost}", but the operator's own broker may be used in ${[own.vhost, ...allowedVhosts].map((one) => `"${one}"`).join(", ")} only: choose one of these, or have "${vhost}" added to the chart's broker.allowedVhosts.`,
    );
  }
  return read({ secret, vhost }, which);
}

async function readData({ readSecret }: AddressSources, namespace: string, name: string, field: string) {
  const secret = await readSecret(namespace, name);
  if (secret === undefined) {
    throw new Problem(
      "Stalled",
      "BrokerSecretMissing",
      `Secret ${namespace}/${name} (${field}) does not exist: create it with the keys host, port, username and password.`,
    );
  }
  return decodeData(secret.data);
}
