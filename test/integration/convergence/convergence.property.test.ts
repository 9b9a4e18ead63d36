// Whatever is edited, broken by hand, killed and restarted: a JobQueue comes to what its last spec asks for, and no job that
// was promised to be safe is lost.
//
//   JOBWRIGHT_SEED=…     repeats a sequence; a failure prints its seed and its steps
//   JOBWRIGHT_STEPS=…    how many steps it has; the default is short
//   JOBWRIGHT_RUNS=…     how many sequences, each of a seed of its own
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { brokerVersions } from "../../broker/index.ts";
import { readCluster } from "../../cluster/index.ts";
import { eventually } from "../operator/scene.ts";
import { createRandom } from "./random.ts";
import { setStage } from "./stage.ts";
import { randomSteps, type Step } from "./steps.ts";
import { time } from "./traffic.ts";

const given = (name: string) => (process.env[name] === undefined ? undefined : Number(process.env[name]));
const stepCount = given("JOBWRIGHT_STEPS") ?? 12;
const firstSeed = given("JOBWRIGHT_SEED") ?? Math.floor(Math.random() * 1e9);
const seeds = Array.from({ length: given("JOBWRIGHT_RUNS") ?? 1 }, (_, index) => firstSeed + index);
/** Where it is added up what many runs found. */
const record = process.env.JOBWRIGHT_RECORD;

describe.each(brokerVersions)("on RabbitMQ %s, any sequence of edits, drifts and crashes", (version) => {
  test.each(seeds)(
    "comes to the topology of the last spec and loses no job (seed %i)",
    { timeout: 900_000 },
    async (seed) => {
      const folder = mkdtempSync(join(tmpdir(), "jobwright-convergence-"));
      const stage = await setStage(version, readCluster().kubeconfig, join(folder, "operator.log"), seed);
      const steps = randomSteps(createRandom(seed), stepCount, stage.queue, stage.policies);
      const done: string[] = [];
      let passed = false;
      onTestFinished(async () => {
        if (!passed) process.stderr.write(report(seed, steps, done, join(folder, "operator.log")));
        await stage[Symbol.asyncDispose]();
        rmSync(folder, { recursive: true, force: true });
      });

      for (const [index, step] of steps.entries()) {
        const beganMs = Date.now();
        const note = await stage.take(step).catch((error: unknown) => {
          done.push(`${index} ${time(beganMs)} ${JSON.stringify(step)}: ${String(error)}`);
          throw error;
        });
        done.push(`${index} ${time(beganMs)}–${time(Date.now())} ${JSON.stringify(step)}${note ? ` (${note})` : ""}`);
      }

      await stage.traffic.pause();
      await stage.applyFresh();
      await eventually(async () => {
        const { found, fresh } = await stage.listings();
        expect(found).toEqual(fresh);
      });
      await eventually(async () => {
        await stage.collect();
        expect(stage.traffic.missing()).toEqual([]);
      });
      expect(stage.operator.ended).toBe(false);

      const { sent, seen } = stage.traffic;
      const promised = [...sent.values()].filter(({ confirmedMs }) => confirmedMs !== undefined).length;
      const excused = [...sent.values()].filter(({ dropped }) => dropped).length;
      const doubled = Object.groupBy(
        [...seen].filter(([, times]) => times > 1),
        ([id]) => id.replace(/-.*/, ""),
      );
      const figures = {
        ...{ version, seed, steps: steps.length, sent: sent.size, promised, excused, found: seen.size },
        doubled: Object.fromEntries(Object.entries(doubled).map(([how, jobs = []]) => [how, jobs.length])),
      };
      if (record !== undefined) appendFileSync(record, `${JSON.stringify(figures)}\n`);
      // A sequence in which nothing could be published would show nothing.
      expect(promised).toBeGreaterThan(stepCount);
      passed = true;
    },
  );
});

function report(seed: number, steps: readonly Step[], done: readonly string[], log: string): string {
  const errors = readFileSync(log, "utf8")
    .split("\n")
    .filter((line) => /"level":"(error|fatal)"/.test(line) || (line !== "" && !line.startsWith("{")))
    .slice(-15);
  return [
    `── JOBWRIGHT_SEED=${seed} JOBWRIGHT_STEPS=${steps.length}`,
    ...done,
    ...steps.slice(done.length).map((step) => `not done: ${JSON.stringify(step)}`),
    ...errors.map((line) => line.slice(0, 600)),
    "",
  ].join("\n");
}
