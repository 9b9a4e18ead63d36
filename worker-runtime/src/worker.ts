import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { openConnection } from "./broker/connection.ts";
import { createPublisher } from "./broker/publisher.ts";
import { systemClock } from "./clock.ts";
import type { WorkerSettings } from "./configuration.ts";
import { registerFlowMetrics } from "./consume/flow-metrics.ts";
import { createIntake } from "./consume/intake.ts";
import { runResult } from "./consume/run-result.ts";
import type { Command, WorkerState } from "./contract/index.ts";
import { takeCommands } from "./control.ts";
import { DrainDeadline } from "./errors.ts";
import { type HeartbeatSender, startHeartbeats } from "./heartbeat.ts";
import { createThreads } from "./isolation/threads.ts";
import { drainSchedule, isReady, workerState } from "./lifecycle.ts";
import { createInputCodec } from "./message/input-codec.ts";
import { createKeyring } from "./message/keyring.ts";
import { createOrders } from "./orders.ts";
import { createRunner } from "./run/runner.ts";
import { createTally } from "./run/tally.ts";
import { warnOfTooLongJobs } from "./run/too-long-jobs.ts";
import { watchEventLoop } from "./telemetry/event-loop.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { serveTelemetry } from "./telemetry/server.ts";
import type { WorkerDefinition } from "./worker-definition.ts";

/** A worker at work. */
export interface RunningWorker {
  readonly state: WorkerState;
  /** Port of /metrics, /healthz and /readyz. */
  readonly telemetryPort: number;
  /** Takes no more jobs; finishes what runs. May be repeated. */
  cordon(): void;
  /** Takes jobs again. */
  uncordon(): void;
  /**
   * Takes no more jobs, waits for what runs (at most the drain timeout, shortly before which signals are aborted),
   * reports, and disconnects. What still runs then is delivered again by the broker. Never rejects; may be repeated.
   */
  stop(): Promise<void>;
}

export interface WorkerOptions {
  readonly definition: WorkerDefinition;
  readonly settings: WorkerSettings;
  readonly log: Logger;
  /** 0 picks a free port. */
  readonly telemetryPort: number;
  /** Path of the module that exports the definition: needed by jobs with `isolate: true`, whose threads load it. */
  readonly module?: string;
}

/** Wires a worker and starts it. It needs no broker to start: it connects when there is one, and again whenever it went. */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { definition, settings, log, telemetryPort } = options;
  const { queue, concurrency, worker, identity } = settings;
  let stopped = false;
  let stopping: Promise<void> | undefined;
  let heartbeats: HeartbeatSender | undefined;
  const deadline = new AbortController();
  const idle = new Set<() => void>();

  const keyring =
    settings.keyring &&
    createKeyring(settings.keyring, (error) => log.warn({ err: error }, "the keyring could not be read again"));
  const content = { schemas: settings.schemas, keyring, maxMessageBytes: settings.maxMessageBytes };
  await createInputCodec({ ...content, queue }).prepare(definition.jobs);

  warnOfTooLongJobs(definition.jobs, settings.maxJobDurationMs, log);

  const state = () => workerState({ ...orders.now, stopped }, orders.quiet, runner.running);
  const threads = createThreads(options.module);
  const jobs = definition.jobs.map((job) => threads.place(job));
  const metrics = createMetrics(definition.jobs.map(({ name }) => name));
  const telemetry = await serveTelemetry({
    port: telemetryPort,
    registry: metrics.registry,
    ready: () => isReady(state()),
  });

  // Apart, so that a broker which holds back publishers does not hold back acks.
  const publishing = openConnection({ name: `${worker} publish`, source: settings.address, log });
  const consuming = openConnection({ name: `${worker} consume`, source: settings.address, log });
  const stopWatch = watchEventLoop({
    metrics,
    connection: consuming,
    heartbeatSeconds: async () => (await settings.address()).connect.heartbeat ?? 0,
    log,
  });
  const publisher = createPublisher(publishing, log);
  const tally = createTally();
  const runner = createRunner({
    jobs,
    queue,
    worker,
    retry: settings.retry,
    outcomes: settings.outcomes,
    bindings: settings.bindings,
    content,
    publisher,
    tally,
    metrics,
    log,
    clock: systemClock,
    random: Math.random,
    drainDeadline: deadline.signal,
    onIdle() {
      for (const settled of [...idle]) settled();
      if (state() === "Running") heartbeats?.soon();
      else heartbeats?.now();
    },
    onOutcome: (outcome) => intake.record(runResult(outcome)),
  });
  const { rateLimit } = settings;
  const intake = createIntake({
    connection: consuming,
    queue,
    lanes: settings.lanes,
    bounded: settings.bounded,
    slots: concurrency,
    rate: rateLimit && (rateLimit.jobs * 1000) / rateLimit.perMs / rateLimit.shares,
    breaker: definition.circuitBreaker,
    log,
    start: (delivery) => runner.start(delivery),
  });
  const orders = createOrders(intake, settings.paused ?? false);
  registerFlowMetrics(metrics.registry, intake.view, () => orders.now.paused);

  async function give(order: "cordoned" | "paused", value: boolean, said: string): Promise<void> {
    if (orders.now[order] === value || orders.now.stopping) return;
    const followed = orders.give(order, value);
    log.info(said);
    // Cordoned is told once it is so, since until then it changes nothing; paused at once, or it would be said again.
    if (order === "paused") heartbeats?.now();
    await followed;
    heartbeats?.now();
  }
  const cordon = () => void give("cordoned", true, "cordoned");
  const uncordon = () => void give("cordoned", false, "uncordoned");

  function onCommand(command: Command): void {
    if (command.type === "Cordon") cordon();
    else if (command.type === "Uncordon") uncordon();
    else if (command.type === "Pause") void give("paused", true, "paused: the queue is");
    else if (command.type === "Resume") void give("paused", false, "resumed: the queue is paused no more");
    else if (command.type === "SetRate") {
      log.info({ jobsPerSecond: command.jobsPerSecond }, "rate set");
      intake.setRate(command.jobsPerSecond);
      heartbeats?.now();
    }
  }

  function allEnded(): Promise<void> {
    if (runner.running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      idle.add(resolve);
    });
  }

  async function stop(): Promise<void> {
    const quiet = orders.give("stopping", true);
    log.info({ running: runner.running, drainTimeoutMs: settings.drainTimeoutMs }, "stopping");
    heartbeats?.now();
    const { abortAfterMs, exitAfterMs } = drainSchedule(settings.drainTimeoutMs);
    const abort = setTimeout(() => deadline.abort(new DrainDeadline()), abortAfterMs);
    const drained = quiet
      .then(() => heartbeats?.now())
      .then(allEnded)
      .then(() => intake.ended());
    await Promise.race([drained, sleep(exitAfterMs, undefined, { ref: false })]);
    clearTimeout(abort);
    if (runner.running > 0) {
      log.warn({ running: runner.running }, "the drain timeout is over: the broker delivers what still runs again");
    }
    stopped = true;
    await heartbeats?.last();
    publisher.stop();
    await Promise.all([consuming.stop(), publishing.stop()]);
    stopWatch();
    await Promise.all([telemetry.stop(), threads.stop()]);
    log.info("stopped");
  }

  if (identity !== undefined) {
    takeCommands({ connection: consuming, identity, log, onCommand });
    heartbeats = startHeartbeats({
      connection: publishing,
      identity,
      slots: concurrency,
      log,
      state,
      figures: () => tally.figures(performance.now()),
      flow: () => ({ held: intake.view.held, rate: intake.view.rate, paused: orders.now.paused }),
    });
  }
  if (orders.now.paused) log.info("starts paused: the queue is");
  orders.begin();

  return {
    get state() {
      return state();
    },
    telemetryPort: telemetry.port,
    cordon,
    uncordon,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
