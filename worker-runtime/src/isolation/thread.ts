import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { FromThread, ThreadData, ToThread } from "./messages.ts";

/** One worker thread that has loaded the user's module. */
export interface Thread {
  /** Whether it still runs. */
  readonly alive: boolean;
  /** @throws DataCloneError when the message holds what cannot cross, such as a function. */
  send(message: ToThread): void;
  /** Who hears the thread from now on; undefined for nobody. */
  listen(listener: ThreadListener | undefined): void;
  /** Ends it, whatever it does. */
  terminate(): Promise<void>;
}

export interface ThreadListener {
  said(message: FromThread): void;
  /** It ended by itself: by an error that nobody caught, its memory's limit, or `process.exit`. */
  ended(how: { readonly error: unknown } | { readonly exitCode: number }): void;
}

// TypeScript in a checkout, JavaScript in the package.
const entry = new URL(`./thread-main${extname(import.meta.url)}`, import.meta.url);

/** Starts a thread. What goes wrong while it loads is told as its end. */
export function startThread(data: ThreadData): Thread {
  const worker = new Worker(entry, { workerData: data, name: "jobwright-handler" });
  let alive = true;
  let failure: { error: unknown } | undefined;
  let listener: ThreadListener | undefined;

  worker.on("message", (message: FromThread) => listener?.said(message));
  worker.on("error", (error) => {
    alive = false;
    failure = { error };
  });
  worker.once("exit", (exitCode) => {
    alive = false;
    listener?.ended(failure ?? { exitCode });
  });

  return {
    get alive() {
      return alive;
    },
    send(message) {
      worker.postMessage(message);
    },
    listen(next) {
      listener = next;
      // A thread without work does not keep the process.
      if (next === undefined) worker.unref();
      else worker.ref();
    },
    async terminate() {
      alive = false;
      await worker.terminate();
    },
  };
}
