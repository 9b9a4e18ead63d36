import { randomBytes } from "node:crypto";
import { type Binding, bindingUri } from "@jobwright/worker-runtime/contract";
import type { BrokerAddress } from "../broker/index.ts";
import { refuseForeign } from "../foreign.ts";
import { secrets } from "../kinds.ts";
import { type KubeClient, type KubeObject, ownerReference } from "../kube/index.ts";
import { fieldManager, managedBy } from "../ownership.ts";
import { decodeData, encodeData, type Secret } from "./secret-data.ts";

/** A user on the broker, and where it may work. */
export interface BrokerUser {
  readonly username: string;
  readonly password: string;
}

/** What a producer must know of its queue's jobs; workers have it in their configuration. */
export interface JobFacts {
  /** JSON Schema of the input, by job name, as JSON. */
  readonly schemas?: string;
  /** Largest body, in bytes. */
  readonly maxMessageBytes?: number;
}

/** The values of a Secret from which a worker or a producer connects, in Service Binding layout. */
export function bindingData(
  address: BrokerAddress,
  { username, password }: BrokerUser,
  queue: string,
  { schemas, maxMessageBytes }: JobFacts = {},
): Binding {
  const { host, port, tls, vhost, ca } = address;
  return {
    type: "rabbitmq",
    provider: "jobwright",
    host,
    port: String(port),
    username,
    password,
    "virtual-host": vhost,
    uri: bindingUri({ tls, host, port, username, password, vhost }),
    queue,
    ...(schemas === undefined ? {} : { schemas }),
    ...(maxMessageBytes === undefined ? {} : { "max-message-bytes": String(maxMessageBytes) }),
    ...(ca === undefined ? {} : { "ca.crt": ca }),
  };
}

/** 192 random bits, in letters that need no escaping in a URI. */
export function newPassword(): string {
  return randomBytes(24).toString("base64url");
}

/**
 * Keeps the Secret from which one party connects, owned by `owner`: the password it holds is kept, the rest follows the
 * broker's address. Written before the user is made on the broker, so that no password is ever lost.
 *
 * @returns the user whose password the Secret holds.
 * @throws Problem if a Secret of that name exists and is not the operator's.
 */
export async function ensureBindingSecret(
  client: KubeClient,
  request: {
    readonly owner: KubeObject;
    readonly name: string;
    readonly username: string;
    readonly address: BrokerAddress;
    readonly queue: string;
    readonly facts?: JobFacts;
  },
): Promise<BrokerUser> {
  const { owner, name, username, address, queue, facts } = request;
  const { namespace = "" } = owner.metadata;
  const existing = await client.get<Secret>(secrets, name, namespace);
  refuseForeign(existing, "Secret", owner);
  const kept = decodeData(existing?.data);
  const user = { username, password: kept.password || newPassword() };
  const data = bindingData(address, user, queue, facts);
  const unchanged =
    Object.keys(kept).length === Object.keys(data).length &&
    Object.entries(data).every(([key, value]) => kept[key] === value);
  if (unchanged) return user;
  await client.apply<Secret>(
    secrets,
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name,
        namespace,
        labels: managedBy,
        ownerReferences: [ownerReference(owner, { controller: true, blockOwnerDeletion: true })],
      },
      type: "servicebinding.io/rabbitmq",
      data: encodeData(data),
    },
    { fieldManager, force: true },
  );
  return user;
}
