import { setTimeout as delay } from "node:timers/promises";
import { findRunning, isRunning, logPath, logTail, type ProcessSpec, startProcess, stopProcess } from "./processes.ts";
import { report } from "./progress.ts";

/** One long-running program of the cluster. */
export interface Component {
  /** Names its process record and its log. */
  name: string;
  version(): Promise<string> | string;
  /** Where it answers, for `status`. */
  address: string;
  /** What to run. Called at each start, after `prepare`. */
  process(): ProcessSpec;
  /** Writes configuration and data folders. Called before each start. */
  prepare?(): Promise<void> | void;
  /** Whether it answers as it should. Must not throw for a component that is still starting. */
  healthy(): Promise<boolean>;
  /** Done once it answers after a start. */
  started?(): Promise<void>;
  /** How long a start may take until `healthy`. */
  startTimeoutMs?: number;
  /** How long it may take to end after SIGTERM. */
  stopTimeoutMs?: number;
}

/**
 * Makes sure that a component runs and answers: leaves a healthy one alone, waits for one that is starting, starts one
 * that has died, and restarts one that runs without answering.
 * @throws when it does not become healthy; the message carries the end of its log.
 */
export async function ensureRunning(component: Component): Promise<void> {
  const startedAt = Date.now();
  if (findRunning(component.name) !== undefined) {
    // One look is not enough: on two busy cores a healthy server may miss it.
    if (await becomesHealthy(component, 5_000)) return;
    report(`${component.name} runs but does not answer: restarting it`);
    await stopProcess(component.name, component.stopTimeoutMs);
  }
  await component.prepare?.();
  startProcess(component.process());
  const timeoutMs = component.startTimeoutMs ?? 60_000;
  if (!(await becomesHealthy(component, timeoutMs))) {
    const died = findRunning(component.name) === undefined;
    throw new Error(
      `${component.name} ${died ? "ended right after its start" : `did not answer within ${timeoutMs / 1000} s`}. ` +
        `The end of its log (${logPath(component.name)}):\n${logTail(component.name)}`,
    );
  }
  await component.started?.();
  report(`${[component.name, await component.version()].join(" ").trimEnd()} is up`, Date.now() - startedAt);
}

async function becomesHealthy(component: Component, timeoutMs: number): Promise<boolean> {
  const record = findRunning(component.name);
  const deadline = Date.now() + timeoutMs;
  while (record !== undefined && isRunning(record)) {
    if (await component.healthy()) return true;
    if (Date.now() > deadline) return false;
    await delay(100);
  }
  return false;
}
