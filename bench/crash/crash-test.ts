import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import { type BrokerVersion, startPrivateBroker } from "../../test/broker/index.ts";
import { report } from "../../test/cluster/progress.ts";
import { startPostgres } from "../../test/stores/index.ts";
import { createCrashQueue } from "./crash-queue.ts";
import { drained, producersDone } from "./draining.ts";
import { type Effects, readEffects } from "./effects.ts";
import type { Outage } from "./faults.ts";
import { startFleet } from "./fleet.ts";
import { readRuns, readSent } from "./journal.ts";
import { type Kill, killSchedule, type Victim } from "./schedule.ts";
import { queue, toEnvironment } from "./settings.ts";
import { judge, type Verdict } from "./verdict.ts";

export interface CrashOptions {
  readonly seconds: number;
  readonly jobs: number;
  readonly seed: number;
  /** Default: the newest. */
  readonly rabbitmq?: BrokerVersion;
}

export interface CrashResult extends Verdict {
  readonly seed: number;
  readonly effects: Effects;
  readonly kills: Readonly<Record<Victim, number>>;
  /** Processes that ended by themselves with an error. */
  readonly crashed: number;
  /** Producers that had not had their quota accepted when it was given up to wait for them; 0 as a rule. */
  readonly late: number;
  /** Messages left in queues when it was given up to wait for them; 0 as a rule. */
  readonly unfinished: number;
  /** Where the journals and logs are, if something is wrong; else they are deleted. */
  readonly folder: string | undefined;
}

const producers = 2;
const workers = 3;
const concurrency = 20;

/**
 * Enqueues jobs and works on them while workers, producers and the broker are killed, then waits until nothing is left,
 * and compares what was accepted with what became of it.
 */
export async function runCrashTest({ seconds, jobs, seed, rabbitmq }: CrashOptions): Promise<CrashResult> {
  const folder = mkdtempSync(join(tmpdir(), "jobwright-crash-"));
  await using broker = await startPrivateBroker(rabbitmq);
  await using postgres = await startPostgres();
  const crashQueue = await createCrashQueue(broker);
  const pool = new pg.Pool({ connectionString: postgres.url, max: 1 });
  pool.on("error", () => {});
  // A row for each time: nothing but `once` keeps a job from having two.
  await pool.query("create table effects (job text not null)");

  const environment = (producer: number) =>
    toEnvironment({
      folder,
      brokerUrl: crashQueue.url,
      postgresUrl: postgres.url,
      seed,
      quota: Math.ceil(jobs / producers),
      // The outages are made up for by the end.
      seconds: seconds * 0.9,
      producer,
    });
  const here = import.meta.dirname;
  const command = join(here, "../../worker-runtime/src/command/main.ts");
  const fleets = {
    worker: startFleet({
      size: workers,
      command: [
        ...[command, join(here, "jobs.ts"), "--broker", crashQueue.url, "--queue", queue],
        ...["--concurrency", `${concurrency}`, "--port", "0", "--log-level", "error"],
      ],
      environment,
      logFile: join(folder, "workers.txt"),
    }),
    producer: startFleet({
      size: producers,
      command: [join(here, "producer.ts")],
      environment,
      logFile: join(folder, "producers.txt"),
    }),
  };
  const kills: Record<Victim, number> = { worker: 0, producer: 0, broker: 0 };
  const killed = new Map<number, number>();
  const outages: Outage[] = [];

  async function strike({ victim, which, backAfterMs }: Kill): Promise<void> {
    const atMs = Date.now();
    if (victim !== "broker") {
      const pid = fleets[victim].kill(which);
      if (pid === undefined) return;
      kills[victim] += 1;
      killed.set(pid, atMs);
      await sleep(backAfterMs);
      fleets[victim].revive();
      return;
    }
    if (!broker.running) return;
    kills.broker += 1;
    await broker.kill();
    const goneMs = Date.now();
    await sleep(backAfterMs);
    try {
      await broker.start();
    } finally {
      // What it says of its recovery is wanted when something is wrong, and its own folder goes with it.
      copyFileSync(broker.logFile, join(folder, "broker.txt"));
    }
    outages.push({ fromMs: atMs, goneMs, toMs: Date.now() });
  }

  const beganMs = performance.now();
  const strikes: Promise<void>[] = [];
  for (const kill of killSchedule(seed, seconds)) {
    await sleep(Math.max(0, beganMs + kill.atMs - performance.now()));
    report(`${Math.round(kill.atMs / 1000)} s: kill a ${kill.victim}`);
    const struck = strike(kill);
    // Its error is thrown below, when all have been waited for.
    struck.catch(() => {});
    strikes.push(struck);
  }
  await Promise.all(strikes);
  await sleep(Math.max(0, beganMs + seconds * 1000 - performance.now()));
  report("No more kills: waiting until nothing is left");
  // They may take as long again as all was to take, and a busy machine's time for the rest.
  const late = await producersDone(fleets.producer, seconds * 1000 + 120_000);
  const unfinished = await drained(fleets.worker, crashQueue);
  await Promise.all([fleets.worker.end(10_000), fleets.producer.end(10_000)]);

  const runs = readRuns(folder);
  const verdict = judge({ sent: readSent(folder), runs, dead: await crashQueue.takeDead(), kills: killed, outages });
  const effects = await readEffects(pool, runs);
  await pool.end();
  const crashed = fleets.worker.crashed.length + fleets.producer.crashed.length;
  const well =
    verdict.lost + verdict.unexplainedDuplicates + effects.repeated + effects.missing + crashed + late + unfinished ===
    0;
  if (well) rmSync(folder, { recursive: true });
  return { seed, ...verdict, effects, kills, crashed, late, unfinished, folder: well ? undefined : folder };
}
