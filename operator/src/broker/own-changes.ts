import type { Management } from "./management.ts";

/** A broker tells of a change within milliseconds; what it has not told by then it tells no more. */
const toldWithinMs = 10_000;

/**
 * The changes that we made ourselves and that the broker is yet to tell of (broker-events.ts), so that each can be told from one
 * that somebody made by hand. Told by their number, not by their maker: whoever repairs by hand often has our user.
 */
export interface OwnChanges {
  note(event: string, name: string): void;
  /** Whether one of our own changes is told by this; each is taken once. */
  take(event: string, name: string): boolean;
}

export function createOwnChanges(now: () => number = Date.now): OwnChanges {
  /** By event and name: until when each is expected. */
  const expected = new Map<string, number[]>();
  let sweepAt = 0;

  function sweep(): void {
    if (now() < sweepAt) return;
    sweepAt = now() + toldWithinMs;
    for (const [key, untils] of expected) if (untils.every((until) => until <= now())) expected.delete(key);
  }

  function takeOne(event: string, name: string): boolean {
    const untils = expected.get(`${event} ${name}`)?.filter((until) => until > now()) ?? [];
    const taken = untils.shift() !== undefined;
    expected.set(`${event} ${name}`, untils);
    return taken;
  }

  return {
    note(event, name) {
      sweep();
      const key = `${event} ${name}`;
      const untils = expected.get(key) ?? [];
      untils.push(now() + toldWithinMs);
      expected.set(key, untils);
    },
    take(event, name) {
      if (event !== "user.created") return takeOne(event, name);
      // It was expected to be there: see toldBy.
      const taken = userChanged.map((each) => takeOne(each, name));
      return taken.includes(true);
    },
  };
}

/** The same client, which notes what its changes will make the broker tell. */
export function noting(management: Management, changes: OwnChanges): Management {
  function note(method: "PUT" | "DELETE", path: string): void {
    for (const { event, name } of toldBy(method, path)) changes.note(event, name);
  }
  return {
    ...management,
    // Noted before: the broker may tell of it sooner than it answers.
    put(path, body) {
      note("PUT", path);
      return management.put(path, body);
    },
    remove(path) {
      note("DELETE", path);
      return management.remove(path);
    },
    [Symbol.asyncDispose]: () => management[Symbol.asyncDispose](),
  };
}

const userChanged = ["user.password.changed", "user.tags.set"];

/**
 * What the broker tells of a change through the management API, as far as we listen to it. Whether a user that is put is new is not
 * known here: if so, `user.created` comes instead of all that is expected.
 */
export function toldBy(method: "PUT" | "DELETE", path: string): { event: string; name: string }[] {
  const [kind = "", ...rest] = path.split("/").map(decodeURIComponent);
  const last = rest.at(-1) ?? "";
  const second = rest[1] ?? "";
  if (method === "PUT") {
    if (kind === "policies") return [{ event: "policy.set", name: last }];
    if (kind === "users") return userChanged.map((event) => ({ event, name: last }));
    if (kind === "permissions") return [{ event: "permission.created", name: last }];
    if (kind === "topic-permissions") return [{ event: "topic.permission.created", name: second }];
    return [];
  }
  if (kind === "policies") return [{ event: "policy.cleared", name: last }];
  if (kind === "queues") return [{ event: "queue.deleted", name: last }];
  if (kind === "exchanges") return [{ event: "exchange.deleted", name: last }];
  if (kind === "users") return [{ event: "user.deleted", name: last }];
  return [];
}
