import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answersWithin, freePorts, type OwnedProcess, startOwned } from "../cluster/owned-process.ts";
import { redisProgram } from "./packages.ts";

/** How Redis keeps its data: in memory only, or in an append-only file that is synced every second or at every write. */
export type RedisPersistence = "none" | "everysec" | "always";

/** A Redis of the caller's own on loopback, with data of its own. `await using` ends it and drops the data. */
export interface RedisServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** `redis://host:port` */
  readonly url: string;
  /** Of the present run. */
  readonly pid: number;
  /** Ends it without warning, as a power cut would. */
  kill(): Promise<void>;
  /** Starts it again, at the same port and with the data that it kept. */
  start(): Promise<void>;
}

/** Starts a Redis; resolves when it answers. It ends with this process at the latest. */
export async function startRedis(options: { appendonly?: RedisPersistence } = {}): Promise<RedisServer> {
  const { appendonly = "none" } = options;
  const program = await redisProgram();
  const folder = mkdtempSync(join(tmpdir(), "jobwright-redis-"));
  const logFile = join(folder, "log");
  const host = "127.0.0.1";
  const [port = 0] = await freePorts(1);
  const persistence = appendonly === "none" ? ["no"] : ["yes", "--appendfsync", appendonly];

  async function launch(): Promise<OwnedProcess> {
    const process = startOwned({
      command: program,
      args: ["--bind", host, "--port", `${port}`, "--dir", folder, "--save", "", "--appendonly", ...persistence],
      logFile,
    });
    await answersWithin(process, { name: "Redis", logFile, timeoutMs: 30_000 }, () => answersPing(host, port));
    return process;
  }

  let server = await launch();
  return {
    host,
    port,
    url: `redis://${host}:${port}`,
    get pid() {
      return server.pid;
    },
    kill: () => server.kill(),
    async start() {
      if (!server.running) server = await launch();
    },
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// While it loads its data it answers an error instead.
function answersPing(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.on("error", () => end(false));
    socket.on("connect", () => socket.write("PING\r\n"));
    socket.on("data", (bytes) => end(bytes.toString().startsWith("+PONG")));
  });
}
