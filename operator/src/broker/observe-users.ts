import { z } from "zod";
import type { BrokerAddress } from "./address.ts";
import { ManagementError } from "./errors.ts";
import { type Management, segment } from "./management.ts";
import { vhostMissing } from "./refusal.ts";

const storedUser = z.object({
  name: z.string(),
  password_hash: z.string().default(""),
  hashing_algorithm: z.string().default(""),
  tags: z.union([z.string(), z.array(z.string())]),
});
const storedPermission = z.object({ user: z.string(), configure: z.string(), write: z.string(), read: z.string() });
const storedTopic = z.object({ user: z.string(), exchange: z.string(), write: z.string(), read: z.string() });

/** A user as the broker lists it, or with the password that we just gave it, and no tags. */
export type ObservedUser = Omit<z.infer<typeof storedUser>, "name"> | { readonly given: string };
type ObservedPermission = Omit<z.infer<typeof storedPermission>, "user">;
type ObservedTopic = Omit<z.infer<typeof storedTopic>, "user">;

/** The broker's users, and what they may do in one vhost; each by the user's name. */
export interface ObservedUsers {
  readonly users: Map<string, ObservedUser>;
  readonly permissions: Map<string, ObservedPermission>;
  readonly topics: Map<string, ObservedTopic[]>;
}

/**
 * Lists all users by three requests.
 *
 * @throws VhostMissing if it was deleted.
 */
export async function observeUsers(management: Management, address: BrokerAddress): Promise<ObservedUsers> {
  const at = segment(address.vhost);
  const [users, permissions, topics] = await Promise.all([
    management.get("users").then((list) => z.array(storedUser).parse(list)),
    management.get(`vhosts/${at}/permissions`).then((list) => z.array(storedPermission).parse(list)),
    management.get(`vhosts/${at}/topic-permissions`).then((list) => z.array(storedTopic).parse(list)),
  ]).catch((error: unknown) => {
    throw error instanceof ManagementError && error.status === 404 ? vhostMissing(address) : error;
  });
  const topicsOf = new Map<string, ObservedTopic[]>();
  for (const { user, ...topic } of topics) {
    const others = topicsOf.get(user);
    if (others === undefined) topicsOf.set(user, [topic]);
    else others.push(topic);
  }
  return {
    users: new Map(users.map(({ name, ...user }) => [name, user])),
    permissions: new Map(permissions.map(({ user, ...permission }) => [user, permission])),
    topics: topicsOf,
  };
}
