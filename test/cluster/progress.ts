// Progress goes to stderr: stdout belongs to what a command was asked for (`env`, `status`).

/** Prints one line of progress, with the time it took where there is one. */
export function report(text: string, tookMs?: number): void {
  process.stderr.write(tookMs === undefined ? `${text}\n` : `${text} (${seconds(tookMs)})\n`);
}

/** Announces a slow step, runs it, and says how long it took. */
export async function slowStep<T>(text: string, step: () => Promise<T>): Promise<T> {
  const startedAt = Date.now();
  report(`${text} …`);
  const result = await step();
  report(`${text}: done`, Date.now() - startedAt);
  return result;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
