import type { Logger } from "pino";

/** What the worker's process does about errors that nobody caught, and about its own end. */
export interface ProcessGuard {
  /** Ends the process on purpose. */
  end(code: number): never;
}

/**
 * - A rejection that nobody handles is logged, and the worker goes on: it comes from one job (a promise that was not
 *   awaited), and the others are not to be run again because of it.
 * - An error thrown where nobody can catch it (in a timer's callback, or an `error` event without a listener) ends the
 *   process, as always in Node: what it left half done is unknown. The broker delivers what ran again.
 * - A process that a handler ends says so, with the stack of whoever did it.
 */
export function guardProcess(log: Logger): ProcessGuard {
  let ending = false;

  function end(code: number): never {
    ending = true;
    process.exit(code);
  }

  process.on("unhandledRejection", (reason) => {
    log.error(
      { err: reason },
      "a promise was rejected and nobody awaited it: the job that made it does not know that it failed. Await it, or catch its error",
    );
  });
  process.on("uncaughtException", (error) => {
    log.fatal(
      { err: error },
      "an error was thrown where nobody can catch it; the worker ends, and the broker delivers the jobs that ran again",
    );
    end(1);
  });
  process.on("exit", (code) => {
    if (ending) return;
    // The exit event is emitted inside of process.exit, so its caller is on the stack.
    const { stack } = new Error("process.exit");
    log.fatal(
      { code, stack },
      "process.exit was called while the worker ran: handlers must not; the broker delivers the jobs that ran again",
    );
  });
  return { end };
}
