import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { Broker } from "./broker.ts";
import { type Management, segment } from "./management.ts";
import type { Permissions, TopicPermission } from "./permissions.ts";

/** A RabbitMQ user that the operator makes for a pool or a producer. */
export interface BrokerUser {
  readonly name: string;
  readonly password: string;
  /** In the broker's vhost; in no other does this user have any. */
  readonly permissions: Permissions;
}

const storedUser = z.object({
  password_hash: z.string().default(""),
  hashing_algorithm: z.string().default(""),
  tags: z.union([z.string(), z.array(z.string())]),
});
const storedPermissions = z.object({ configure: z.string(), write: z.string(), read: z.string() });
const storedTopics = z.array(z.object({ exchange: z.string(), write: z.string(), read: z.string() }));

/**
 * Makes the user exist with exactly this password and these permissions and no tags. Reads first, and writes only what
 * differs. Other users are not looked at.
 *
 * @returns what was missing or different, in words; empty if nothing was done.
 */
export async function ensureUser(broker: Broker, user: BrokerUser): Promise<string[]> {
  const { management, address } = broker;
  const id = segment(user.name);
  const at = segment(address.vhost);
  const found = await management.find(`users/${id}`);
  const changes: string[] = [];
  if (found === undefined || !isAsWanted(storedUser.parse(found), user.password)) {
    changes.push(`user "${user.name}" ${found === undefined ? "was missing" : "had another password or tags"}`);
    await management.put(`users/${id}`, { password: user.password, tags: "" });
  }
  const { topics, ...wanted } = user.permissions;
  const permissions = await management.find(`permissions/${at}/${id}`);
  if (permissions === undefined || !isDeepStrictEqual(storedPermissions.parse(permissions), wanted)) {
    if (found !== undefined) changes.push(`user "${user.name}" had other permissions`);
    // Narrow topics first: without one, a user may use every key of an exchange it may write to.
    await ensureTopics(management, at, id, topics);
    await management.put(`permissions/${at}/${id}`, wanted);
  } else if (await ensureTopics(management, at, id, topics)) {
    changes.push(`user "${user.name}" had other topic permissions`);
  }
  return changes;
}

/** Deletes the user and ends nothing else: its open connections stay until they are closed. No error if it is gone. */
export async function deleteUser(broker: Broker, name: string): Promise<void> {
  await broker.management.remove(`users/${segment(name)}`);
}

/**
 * A topic permission only ever narrows, so those on exchanges that are not in `wanted` are left: they do no harm.
 *
 * @returns whether something had to be written.
 */
async function ensureTopics(
  management: Management,
  at: string,
  user: string,
  wanted: readonly TopicPermission[],
): Promise<boolean> {
  const path = `topic-permissions/${at}/${user}`;
  const found = storedTopics.parse((await management.find(path)) ?? []);
  const missing = wanted.filter((topic) => !found.some((one) => isDeepStrictEqual(one, topic)));
  for (const topic of missing) await management.put(path, topic);
  return missing.length > 0;
}

const algorithms: Readonly<Record<string, string>> = {
  rabbit_password_hashing_sha256: "sha256",
  rabbit_password_hashing_sha512: "sha512",
};

function isAsWanted({ password_hash, hashing_algorithm, tags }: z.infer<typeof storedUser>, password: string): boolean {
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
