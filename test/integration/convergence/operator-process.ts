import { fileURLToPath } from "node:url";
import { type OwnedProcess, startOwned } from "../../cluster/owned-process.ts";

/** An operator in a process of its own, which can be killed in the middle of a pass. */
export interface CrashableOperator extends AsyncDisposable {
  /** Ends it without warning, wherever it is. */
  crash(): Promise<void>;
  /** Starts another one in its place, which remembers nothing. */
  start(): void;
  /** It crashed on its own: an error of ours. */
  readonly ended: boolean;
}

export function startCrashableOperator(kubeconfig: string, namespace: string, logFile: string): CrashableOperator {
  const main = fileURLToPath(new URL("../../../operator/src/main.ts", import.meta.url));
  let process_: OwnedProcess;
  const start = () => {
    process_ = startOwned({
      command: process.execPath,
      args: [
        ...["--conditions=source", main, "--watch-namespaces", namespace, "--leader-elect", "false"],
        ...["--port", "0", "--log-level", "debug", "--resync", "5s"],
      ],
      env: { KUBECONFIG: kubeconfig },
      logFile,
    });
    return process_;
  };
  process_ = start();
  return {
    crash: () => process_.kill(),
    start: () => void start(),
    get ended() {
      return !process_.running;
    },
    [Symbol.asyncDispose]: () => process_.stop(),
  };
}
