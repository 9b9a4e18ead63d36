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
  /** Ends it, whatever it does; one that still loads, when it has loaded or after 5 s. */
  terminate(): Promise<void>;
}

export interface ThreadListener {
  said(message: Exclude<FromThread, { type: "Loaded" }>): void;
  /** It ended by itself: by an error that nobody caught, its memory's limit, or `process.exit`. */
  ended(how: { readonly error: unknown } | { readonly exitCode: number }): void;
}

/** How long a thread that is to end may go on loading. */
const loadTimeoutMs = 5_000;

// TypeScript in a checkout, JavaScript in the package.
const entry = new URL(`./thread-main${extname(import.meta.url)}`, import.meta.url);

/** Starts a thread. What goes wrong while it loads is told as its end. */
export function startThread(data: ThreadData): Thread {
  const worker = new Worker(entry, { workerData: data, name: "jobwright-handler" });
  let alive = true;
  let failure: { error: unknown } | undefined;
  let listener: ThreadListener | undefined;
  const settled = Promise.withResolvers<void>();

  worker.on("message", (message: FromThread) => {
    if (message.type === "Loaded") settled.resolve();
    else listener?.said(message);
  });
  worker.on("error", (error) => {
    alive = false;
    failure = { error };
  });
  worker.once("exit", (exitCode) => {
    alive = false;
    settled.resolve();
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
      // To end a thread in the middle of loading has been seen to end the whole process (SIGTRAP, Node 24).
      const patience = setTimeout(settled.resolve, loadTimeoutMs);
      await settled.promise;
      clearTimeout(patience);
      await worker.terminate();
    },
  };
}
