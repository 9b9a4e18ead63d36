const begun = performance.now();

/** Seconds since the demo began, as the first column of every line. */
export function clock(): string {
  return `${((performance.now() - begun) / 1000).toFixed(1).padStart(6)} s`;
}

/** Prints a line with the time. */
export function say(text: string): void {
  console.log(`${clock()}  ${text}`);
}

/** Runs one step of the demo and prints what it was and how long it took. */
export async function step<T>(what: string, run: () => Promise<T>): Promise<T> {
  say(`${what} …`);
  const started = performance.now();
  const result = await run();
  say(`  done in ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
}

/**
 * Polls until `check` gives something other than undefined, and returns that.
 *
 * @throws Error saying what was waited for and what `state` tells, when it takes longer than `timeoutSeconds`.
 */
export async function until<T>(
  what: string,
  timeoutSeconds: number,
  check: () => Promise<T | undefined>,
  state: () => Promise<string> = async () => "",
): Promise<T> {
  const deadline = performance.now() + timeoutSeconds * 1000;
  for (;;) {
    const found = await check();
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not so after ${timeoutSeconds} s.\n${await state()}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
