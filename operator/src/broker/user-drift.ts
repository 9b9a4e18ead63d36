import { createHash } from "node:crypto";

/** What was found changed of users that we had made as they should be: somebody else did that. */
export interface UserDrift {
  /**
   * Notes what a look at a user found, in words. It is drift if the user was as wanted when it was last looked at, and no other is wanted
   * now.
   */
  note(user: { readonly name: string }, found: readonly string[]): void;
  /** The user is ours no more. */
  forget(name: string): void;
  /** Hands out what was found of these users; each is handed out once. */
  take(names: readonly string[]): string[];
}

export function createUserDrift(): UserDrift {
  const wanted = new Map<string, string>();
  const drifted = new Map<string, readonly string[]>();
  return {
    note(user, found) {
      // Not kept as it is: it holds the password.
      const now = createHash("sha256").update(JSON.stringify(user)).digest("base64");
      if (found.length > 0 && wanted.get(user.name) === now) drifted.set(user.name, found);
      wanted.set(user.name, now);
    },
    forget(name) {
      wanted.delete(name);
      drifted.delete(name);
    },
    take(names) {
      const found = names.flatMap((name) => drifted.get(name) ?? []);
      for (const name of names) drifted.delete(name);
      return found;
    },
  };
}
