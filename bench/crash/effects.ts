import type pg from "pg";
import type { Run } from "./journal.ts";

/** The rows that the handlers wrote, compared with the jobs that wrote them. */
export interface Effects {
  readonly rows: number;
  /** Jobs with more than one row. */
  readonly repeated: number;
  /** Jobs that ran to their good end and have no row. */
  readonly missing: number;
}

export async function readEffects(pool: pg.Pool, runs: readonly Run[]): Promise<Effects> {
  const { rows } = await pool.query<{ job: string; rows: number }>(
    "select job, count(*)::int as rows from effects group by job",
  );
  const there = new Set(rows.map(({ job }) => job));
  const done = new Set(runs.filter(({ ending }) => ending === "done").map(({ id }) => id));
  return {
    rows: rows.reduce((sum, row) => sum + row.rows, 0),
    repeated: rows.filter((row) => row.rows > 1).length,
    missing: [...done].filter((id) => !there.has(id)).length,
  };
}
