/** The SQL of the Postgres store, for one table. Times are those of the server. */
export interface OnceStatements {
  /** No parameters. `found`: whether the table is there. */
  readonly tableExists: string;
  /** No parameters. May be run by many at once. */
  readonly createTable: string;
  /** Key, token, lease in ms. A row when the lease was taken. */
  readonly acquire: string;
  /** Key. What stands in the way: `done`, `result`, `for_ms`; no row when nothing does. */
  readonly look: string;
  /** Key, token, lease in ms. A row when it was renewed. */
  readonly renew: string;
  /** Key, token, result, ttl in ms. A row when it was stored. */
  readonly complete: string;
  /** Key, token. */
  readonly release: string;
  /** Removes at most a thousand entries that are over. */
  readonly clean: string;
  /** Key. `locked`: whether this transaction has the key's lock now. */
  readonly lock: string;
}

/** @param table its name, with its schema if need be; quoted here. */
export function onceStatements(table: string): OnceStatements {
  const name = table.split(".").map(quoted).join(".");
  const index = quoted(`${table.split(".").at(-1)}_expires_at`);
  const after = (parameter: string) => `clock_timestamp() + ${parameter}::bigint * interval '1 millisecond'`;
  return {
    tableExists: `select to_regclass('${name.replaceAll("'", "''")}') is not null as found`,
    // One implicit transaction. "if not exists" alone fails when two do it at once, so they do it one by one.
    createTable: `
      select pg_advisory_xact_lock(hashtextextended('jobwright once table', 0));
      create table if not exists ${name} (
        key text primary key,
        -- The lease's holder; null when done.
        token text,
        -- The work's result; null while it goes on.
        result text,
        -- When the lease, or the result, is over.
        expires_at timestamptz not null
      );
      create index if not exists ${index} on ${name} (expires_at);`,
    acquire: `
      insert into ${name} as entry (key, token, expires_at) values ($1, $2, ${after("$3")})
      on conflict (key) do update set token = excluded.token, result = null, expires_at = excluded.expires_at
        where entry.expires_at <= clock_timestamp()
      returning 1`,
    look: `
      select token is null as done, result,
        (extract(epoch from expires_at - clock_timestamp()) * 1000)::float8 as for_ms
      from ${name} where key = $1 and expires_at > clock_timestamp()`,
    renew: `
      update ${name} set expires_at = ${after("$3")}
      where key = $1 and token = $2 and expires_at > clock_timestamp() returning 1`,
    // A lease that is over may be gone altogether: cleaned away.
    complete: `
      insert into ${name} as entry (key, result, expires_at) values ($1, $3, ${after("$4")})
      on conflict (key) do update set token = null, result = excluded.result, expires_at = excluded.expires_at
        where entry.token = $2 or entry.expires_at <= clock_timestamp()
      returning 1`,
    release: `delete from ${name} where key = $1 and token = $2`,
    clean: `
      delete from ${name} where key in (
        select key from ${name} where expires_at <= clock_timestamp() order by expires_at limit 1000
        for update skip locked)`,
    // Of the transaction, so that it goes with it, however it ends.
    lock: "select pg_try_advisory_xact_lock(hashtextextended('jobwright once ' || $1, 0)) as locked",
  };
}

function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`;
}
