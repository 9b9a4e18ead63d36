import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Broker } from "./broker.ts";
import { segment } from "./management.ts";
import type { ObservedUser, ObservedUsers } from "./observe-users.ts";
import type { Permissions, TopicPermission } from "./permissions.ts";

/** A RabbitMQ user that the operator makes for a pool or a producer. */
export interface BrokerUser {
  readonly name: string;
  /** Undefined for a user of the past: it keeps the one that it has, and is not made if it is not there. */
  readonly password: string | undefined;
  /** In the broker's vhost; in no other does this user have any. */
  readonly permissions: Permissions;
}

/**
 * Makes the user exist with exactly this password (a user of the past: with its own) and these permissions and no tags. Reads first, from one listing for all
 * users that are looked at within a second, and writes only what differs. Other users are not looked at.
 *
 * @returns what was missing or different, in words; empty if nothing was done.
 */
export async function ensureUser(broker: Broker, user: BrokerUser): Promise<string[]> {
  const { management, address, users } = broker;
  const id = segment(user.name);
  const at = segment(address.vhost);
  const observed = await users.get();
  const found = observed.users.get(user.name);
  const { password } = user;
  if (found === undefined && password === undefined) return [];
  const changes: string[] = [];
  try {
    if (password !== undefined && (found === undefined || !isAsWanted(found, password))) {
      changes.push(`user "${user.name}" ${found === undefined ? "was missing" : "had another password or tags"}`);
      await management.put(`users/${id}`, { password, tags: "" });
      users.note((listed) => listed.users.set(user.name, { given: password }));
    }
    const { topics, ...wanted } = user.permissions;
    const missing = missingTopics(topics, observed.topics.get(user.name));
    // Narrow topics first: without one, a user may use every key of an exchange it may write to.
    for (const topic of missing) {
      await management.put(`topic-permissions/${at}/${id}`, topic);
      users.note((listed) => noteTopic(listed.topics, user.name, topic));
    }
    if (!isDeepStrictEqual(observed.permissions.get(user.name), wanted)) {
      if (found !== undefined) changes.push(`user "${user.name}" had other permissions`);
      await management.put(`permissions/${at}/${id}`, wanted);
      users.note((listed) => listed.permissions.set(user.name, wanted));
    } else if (missing.length > 0) {
      changes.push(`user "${user.name}" had other topic permissions`);
    }
  } catch (error) {
    // Something there may be other than it was listed.
    users.forget();
    throw error;
  }
  broker.userDrift.note(user, changes);
  return changes;
}

/** Deletes the user; the broker closes its connections. No error if it is gone. */
export async function deleteUser({ management, users, userDrift }: Broker, name: string): Promise<void> {
  userDrift.forget(name);
  await management.remove(`users/${segment(name)}`);
  users.note((listed) => {
    listed.users.delete(name);
    listed.permissions.delete(name);
    listed.topics.delete(name);
  });
}

/** A topic permission only ever narrows, so those on exchanges that are not wanted are left: they do no harm. */
function missingTopics(wanted: readonly TopicPermission[], found: readonly TopicPermission[] = []): TopicPermission[] {
  return wanted.filter((topic) => !found.some((one) => isDeepStrictEqual(one, topic)));
}

function noteTopic(topics: ObservedUsers["topics"], user: string, topic: TopicPermission): void {
  const others = topics.get(user)?.filter(({ exchange }) => exchange !== topic.exchange) ?? [];
  topics.set(user, [...others, topic]);
}

const algorithms: Readonly<Record<string, string>> = {
  rabbit_password_hashing_sha256: "sha256",
  rabbit_password_hashing_sha512: "sha512",
};

function isAsWanted(found: ObservedUser, password: string): boolean {
  if ("given" in found) return found.given === password;
  const { password_hash, hashing_algorithm, tags } = found;
  const algorithm = algorithms[hashing_algorithm];
  return tags.length === 0 && algorithm !== undefined && isHashOf(password_hash, password, algorithm);
}

/** RabbitMQ stores base64(salt of 4 bytes, then the hash of salt and password). */
export function isHashOf(stored: string, password: string, algorithm: string): boolean {
  const bytes = Buffer.from(stored, "base64");
  const salt = bytes.subarray(0, 4);
  const hash = createHash(algorithm).update(salt).update(password, "utf8").digest();
  return hash.equals(bytes.subarray(4));
}
