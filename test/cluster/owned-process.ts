import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A server that belongs to the process that started it: whatever end that one comes to, the kernel ends this one too. */
export interface OwnedProcess {
  readonly pid: number;
  readonly running: boolean;
  /** Ends it without warning; resolves when it has ended. */
  kill(): Promise<void>;
  /** Ends it in order, and by force when it still runs after `graceMs`. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>;
}

export interface OwnedProcessSpec {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Record<string, string>;
  /** Takes its output, appended. */
  readonly logFile: string;
  /** Run as this user instead of the present one; only root may. */
  readonly user?: string;
}

/**
 * Starts a program that dies with this process. It does so even when this process is killed: a test that was given up
 * must leave no server behind.
 */
export function startOwned({ command, args, env, logFile, user }: OwnedProcessSpec): OwnedProcess {
  const as = user === undefined ? [] : [`--reuid=${user}`, `--regid=${user}`, "--init-groups"];
  const log = openSync(logFile, "a");
  const child = spawn("setpriv", [...as, "--pdeathsig", "KILL", command, ...args], {
    // A session of its own: Ctrl-C in a terminal is for the test, which then ends its servers in order.
    detached: true,
    cwd: "/",
    stdio: ["ignore", log, log],
    env: { PATH: process.env.PATH, LANG: "C.UTF-8", ...env },
  });
  closeSync(log);
  child.on("error", () => {}); // Reported below: it has no pid.
  child.unref();
  const { pid } = child;
  if (pid === undefined) throw new Error(`setpriv could not start ${command}: is util-linux installed?`);
  const ended = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  return {
    pid,
    get running() {
      return isUp(child);
    },
    async kill() {
      child.ref();
      if (isUp(child)) child.kill("SIGKILL");
      await ended;
    },
    async stop(signal = "SIGTERM", graceMs = 10_000) {
      child.ref();
      if (isUp(child)) child.kill(signal);
      const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await ended;
      clearTimeout(force);
    },
  };
}

const isUp = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/**
 * Waits until a server answers.
 * @throws when it ends or takes longer than `timeoutMs`; the message carries the end of its log.
 */
export async function answersWithin(
  server: OwnedProcess,
  what: { name: string; logFile: string; timeoutMs: number },
  answers: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + what.timeoutMs;
  while (!(await answers())) {
    const late = Date.now() > deadline;
    if (late || !server.running) {
      await server.kill();
      const log = readFileSync(what.logFile, "utf8").trimEnd().split("\n").slice(-15).join("\n");
      throw new Error(
        `${what.name} ${late ? `did not answer within ${what.timeoutMs / 1000} s` : "ended right after its start"}. The end of its log:\n${log}`,
      );
    }
    await delay(50);
  }
}

// Below those that the kernel gives to whoever names none: such a port may be somebody else's before its server listens, or
// while that is started anew. None of the cluster's own is in between.
const firstPort = 19_000;
const portCount = 4_000;
/** Of processes that look at the same time, each begins elsewhere. */
let offset = process.pid * 61;

/** Ports on loopback that nobody listens to now. They are all different, and this process is given none of them again soon. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tried = 0; ports.length < count; tried += 1) {
    if (tried === portCount) throw new Error(`${count} free ports from ${firstPort} on were not to be found`);
    const port = firstPort + (offset++ % portCount);
    if (await isFree(port)) ports.push(port);
  }
  return ports;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = createServer();
    listener.once("error", () => resolve(false));
    listener.listen(port, "127.0.0.1", () => listener.close(() => resolve(true)));
  });
}
