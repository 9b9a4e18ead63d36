/** Whose name each name is by now. An object can go without a last pass: its finalizer was taken away by hand. */
export interface Successions {
  /**
   * Notes who has a name now; undefined: nobody.
   *
   * @returns the uid of who had it before and is gone.
   */
  note(key: string, uid: string | undefined): string | undefined;
}

export function createSuccessions(): Successions {
  const holders = new Map<string, string>();
  return {
    note(key, uid) {
      const before = holders.get(key);
      if (uid === undefined) holders.delete(key);
      else holders.set(key, uid);
      return before === uid ? undefined : before;
    },
  };
}
