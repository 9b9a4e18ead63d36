import { fork } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import type { Answer, CallName, Calls, Request } from "./protocol.ts";

/** A subject in a process of its own. Disposing ends it. */
export interface SubjectProcess extends AsyncDisposable {
  readonly pid: number;
  /** @throws what the subject threw; or that its process ended. */
  call<Name extends CallName>(name: Name, params: Calls[Name][0]): Promise<Calls[Name][1]>;
}

/** Far more than any run takes: a subject that stands still is to be named, not waited for. */
const patienceMs = 180_000;

const script = join(import.meta.dirname, "child.ts");

/** @param nodeArguments more flags for Node, for example `--cpu-prof`. */
export function startSubject(nodeArguments: readonly string[] = profiling()): SubjectProcess {
  // A worker's log is written, as in a pod, and thrown away.
  const nowhere = openSync("/dev/null", "w");
  const child = fork(script, [], {
    execArgv: ["--conditions=source", ...nodeArguments],
    stdio: ["ignore", nowhere, "inherit", "ipc"],
  });
  closeSync(nowhere);
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let lastId = 0;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", (code, signal) => {
      for (const { reject } of waiting.values()) reject(new Error(`a subject's process ended (${signal ?? code})`));
      waiting.clear();
      resolve();
    });
  });
  child.on("message", (answer: Answer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("error" in answer) call?.reject(new Error(answer.error));
    else call?.resolve(answer.result);
  });

  return {
    pid: child.pid ?? 0,
    async call<Name extends CallName>(name: Name, params: Calls[Name][0]) {
      const call = Promise.withResolvers<unknown>();
      lastId += 1;
      waiting.set(lastId, call);
      child.send({ id: lastId, name, params } as Request);
      const impatience = setTimeout(
        () => call.reject(new Error(`"${name}" took over ${patienceMs / 1000} s: ${JSON.stringify(params)}`)),
        patienceMs,
      );
      try {
        return (await call.promise) as Calls[Name][1];
      } finally {
        clearTimeout(impatience);
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

/** `BENCH_CPU_PROFILE=<folder>` has every subject's process write a CPU profile there. */
function profiling(): string[] {
  const folder = process.env.BENCH_CPU_PROFILE;
  return folder === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`];
}
