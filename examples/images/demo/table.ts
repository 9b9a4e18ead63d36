/** One look at the pool and its queue. */
export interface Reading {
  /** Jobs waiting in the queue, as the operator sees it. */
  backlog: number;
  /** Worker pods that exist. */
  replicas: number;
  /** Jobs running. */
  busy: number;
  done: number;
  /** Jobs in the dead-letter queue. */
  dead: number;
  /** 95th percentile of the time from enqueued to started; undefined before the first start. */
  p95WaitMs: number | undefined;
}

const columns: [title: string, cell: (reading: Reading) => string][] = [
  ["backlog", (r) => `${r.backlog}`],
  ["workers", (r) => `${r.replicas}`],
  ["busy", (r) => `${r.busy}`],
  ["done", (r) => `${r.done}`],
  ["dead", (r) => `${r.dead}`],
  ["p95 wait", (r) => (r.p95WaitMs === undefined ? "–" : `${(r.p95WaitMs / 1000).toFixed(1)} s`)],
];
const width = 10;
const line = (cells: string[]) => cells.map((cell) => cell.padStart(width)).join("");

/** Shows readings: on a terminal one table that is redrawn, elsewhere a line every few seconds. */
export function createTable(out: NodeJS.WriteStream, clock: () => string) {
  let drawn = false;
  let lastLineAt = Number.NEGATIVE_INFINITY;
  const title = `${" ".repeat(clock().length)}${line(columns.map(([name]) => name))}`;
  return {
    /** Shows a reading; `final` makes sure that it is printed. */
    show(reading: Reading, final = false): void {
      const row = `${clock()}${line(columns.map(([, cell]) => cell(reading)))}`;
      if (out.isTTY) {
        out.write(drawn ? `\x1b[1A\x1b[2K${row}\n` : `${title}\n${row}\n`);
      } else {
        if (!final && performance.now() - lastLineAt < 3_000) return;
        lastLineAt = performance.now();
        out.write(drawn ? `${row}\n` : `${title}\n${row}\n`);
      }
      drawn = true;
    },
  };
}
