import { type ChildProcess, spawn } from "node:child_process";
import { openSync } from "node:fs";
import { join } from "node:path";

/** Processes of one kind, each of which is started again after it was killed. */
export interface Fleet {
  /** Kills one of those that run. @returns its process id; undefined when none runs. */
  kill(which: number): number | undefined;
  /** Starts again those that were killed or have died by themselves. */
  revive(): void;
  /** How many have not yet ended by themselves, with code 0. */
  readonly unfinished: number;
  /** Process ids of those that ended by themselves with another code. */
  readonly crashed: readonly number[];
  /** Asks them to end; those that do not within `graceMs` are killed. */
  end(graceMs: number): Promise<void>;
}

interface Member {
  child: ChildProcess;
  finished: boolean;
}

export interface FleetOptions {
  readonly size: number;
  /** TypeScript file to run, and its arguments. */
  readonly command: readonly string[];
  environment(index: number): Record<string, string>;
  /** Takes what they print. */
  readonly logFile: string;
}

export function startFleet({ size, command, environment, logFile }: FleetOptions): Fleet {
  const log = openSync(logFile, "a");
  const crashed: number[] = [];
  const killed = new Set<number>();

  function launch(index: number): Member {
    // A killed test must not leave them behind.
    const args = ["--pdeathsig", "KILL", process.execPath, "--conditions=source", ...command];
    const child = spawn("setpriv", args, {
      cwd: join(import.meta.dirname, "../.."),
      env: { ...process.env, ...environment(index) },
      stdio: ["ignore", log, log],
    });
    const member = { child, finished: false };
    child.on("exit", (code) => {
      const pid = child.pid ?? 0;
      if (code === 0) member.finished = true;
      else if (!killed.has(pid)) crashed.push(pid);
    });
    return member;
  }

  const members = Array.from({ length: size }, (_, index) => launch(index));
  const runs = ({ child }: Member) => child.exitCode === null && child.signalCode === null;

  return {
    kill(which) {
      const running = members.filter(runs);
      const pid = running[Math.floor(which * running.length)]?.child.pid;
      if (pid === undefined) return undefined;
      killed.add(pid);
      process.kill(pid, "SIGKILL");
      return pid;
    },
    revive() {
      for (const [index, member] of members.entries()) {
        if (!runs(member) && !member.finished) members[index] = launch(index);
      }
    },
    get unfinished() {
      return members.filter(({ finished }) => !finished).length;
    },
    crashed,
    async end(graceMs) {
      await Promise.all(
        members.filter(runs).map(async ({ child }) => {
          const exited = new Promise((resolve) => child.once("exit", resolve));
          child.kill("SIGTERM");
          const force = setTimeout(() => child.kill("SIGKILL"), graceMs);
          await exited;
          clearTimeout(force);
        }),
      );
    },
  };
}
