import { chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import pg from "pg";
import { run } from "../cluster/command.ts";
import { answersWithin, freePorts, type OwnedProcess, startOwned } from "../cluster/owned-process.ts";
import { processStat } from "../cluster/processes.ts";
import { userId } from "../cluster/requirements.ts";
import { postgresPrograms } from "./packages.ts";

/** A PostgreSQL of the caller's own on loopback, with data of its own. `await using` ends it and drops the data. */
export interface PostgresServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** Of the database `postgres`, as its superuser. */
  readonly url: string;
  /** Of the present run. */
  readonly pid: number;
  /** Ends it without warning, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again, at the same port and with its data. */
  start(): Promise<void>;
}

/** Starts a PostgreSQL with a fresh database; resolves when it answers. It ends with this process at the latest. */
export async function startPostgres(): Promise<PostgresServer> {
  const programs = await postgresPrograms();
  const folder = mkdtempSync(join(tmpdir(), "jobwright-postgres-"));
  const data = join(folder, "data");
  const logFile = join(folder, "log");
  const host = "127.0.0.1";
  const [port = 0] = await freePorts(1);
  const url = `postgres://postgres@${host}:${port}/postgres`;

  // PostgreSQL refuses to run as root; its Debian package brings a user for it.
  const user = userId() === 0 ? "postgres" : undefined;
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(logFile, "");
  if (user !== undefined) for (const path of [folder, data]) chownSync(path, ...idsOf(user));
  const init = ["--pgdata", data, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"];
  const as = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, "--init-groups"];
  await run("setpriv", [...as, join(programs, "initdb"), ...init], { cwd: "/" });

  async function launch(): Promise<OwnedProcess> {
    const process = startOwned({
      command: join(programs, "postgres"),
      args: ["-D", data, "-p", `${port}`, "-c", `listen_addresses=${host}`, "-c", "unix_socket_directories="],
      logFile,
      ...(user === undefined ? {} : { user }),
    });
    await answersWithin(process, { name: "PostgreSQL", logFile, timeoutMs: 60_000 }, () => answersQuery(url));
    return process;
  }

  let server = await launch();
  return {
    host,
    port,
    url,
    get pid() {
      return server.pid;
    },
    async kill() {
      const sessions = server.running ? childrenOf(server.pid) : [];
      await server.kill();
      await killAll(sessions);
    },
    async start() {
      if (!server.running) server = await launch();
    },
    async [Symbol.asyncDispose]() {
      // Its fast shutdown: sessions are ended, data are kept whole.
      await server.stop("SIGINT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answersQuery(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.query("select 1");
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function childrenOf(pid: number): number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  return list === "" ? [] : list.split(" ").map(Number);
}

// The server's own processes outlive it for a moment, and the next one does not start while they hold its memory.
async function killAll(pids: readonly number[]): Promise<void> {
  const running = (pid: number) => !["Z", "X", undefined].includes(processStat(pid)?.state);
  for (const pid of pids.filter(running)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  while (pids.some(running)) await delay(10);
}

function idsOf(user: string): [uid: number, gid: number] {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((entry) => entry.startsWith(`${user}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`there is no user "${user}" on this machine`);
  return [Number(uid), Number(gid)];
}
