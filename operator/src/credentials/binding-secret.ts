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

/** One party that connects to a queue's broker. */
export interface BindingRequest {
  readonly owner: KubeObject;
  /** The Secret's. */
  readonly name: string;
  readonly username: string;
  readonly address: BrokerAddress;
  readonly queue: string;
  readonly facts?: JobFacts;
  /** Makes the user on the broker. */
  readonly ensureUser: (user: BrokerUser) => Promise<unknown>;
}

/**
 * Keeps a user on the broker and the Secret from which one party connects as it, owned by `owner`: the password that the
 * Secret holds for this user is kept, the rest follows the broker's address. The user is there before the Secret tells of it; one
 * whose password a crash in between has lost gets another.
 *
 * @returns whether the Secret told of another user before.
 * @throws Problem if a Secret of that name exists and is not the operator's.
 */
export async function ensureBinding(client: KubeClient, request: BindingRequest): Promise<boolean> {
  const { owner, name, username, address, queue, facts } = request;
  const { namespace = "" } = owner.metadata;
  const existing = await client.get<Secret>(secrets, name, namespace);
  refuseForeign(existing, "Secret", owner);
  const kept = decodeData(existing?.data);
  const keeps = kept.username === undefined || kept.username === username;
  const user = { username, password: (keeps && kept.password) || newPassword() };
  await request.ensureUser(user);
  const data = bindingData(address, user, queue, facts);
  const unchanged =
    Object.keys(kept).length === Object.keys(data).length &&
    Object.entries(data).every(([key, value]) => kept[key] === value);
  if (unchanged) return false;
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
    // One that came since is somebody else's: refused as a conflict, and seen by the pass that follows.
    { fieldManager, force: existing !== undefined },
  );
  return !keeps;
}

/** Deletes a Secret if it is `owner`'s; one that is not, or is gone, is left alone. */
export async function deleteBindingSecret(client: KubeClient, owner: KubeObject, name: string): Promise<void> {
  const { namespace = "", uid } = owner.metadata;
  const existing = await client.get<Secret>(secrets, name, namespace);
  if (existing === undefined || !existing.metadata.ownerReferences?.some((one) => one.uid === uid)) return;
  await client.delete(
    secrets,
    name,
    namespace,
    existing.metadata.uid === undefined ? {} : { uid: existing.metadata.uid },
  );
}
