/**
 * Where `once` keeps what has been done: one entry a key, which is a lease while its holder works and a result after.
 *
 * A store judges time by its own clock, so that workers whose clocks differ agree on when a lease is over. Each method
 * is one atomic step. A method that fails rejects: `once` then says that the store is unavailable, and the job fails
 * without having run unprotected.
 */
export interface OnceStore {
  /** Takes the lease of `key` for `leaseMs`, if nobody has it and there is no result. */
  acquire(key: string, token: string, leaseMs: number): Promise<Acquisition>;
  /** Makes the lease last for `leaseMs` from now. @returns false if `token` does not hold it any more. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>;
  /**
   * Puts the result in the lease's place, for `ttlMs`. It does so too when the lease is over and nobody else has the
   * key: the work is done all the same.
   *
   * @returns false if somebody else has the key by now, or has finished.
   */
  complete(key: string, token: string, result: string, ttlMs: number): Promise<boolean>;
  /** Gives the lease up; nothing happens when `token` does not hold it. */
  release(key: string, token: string): Promise<void>;
}

/** What became of an attempt to take a key. */
export type Acquisition =
  | { readonly state: "Acquired" }
  /** Done before, with this result. */
  | { readonly state: "Done"; readonly result: string }
  /** Another holder's lease lasts for `forMs` more, unless it is renewed. */
  | { readonly state: "Held"; readonly forMs: number };
