import { parseArgs } from "node:util";
import { defaultBrokerVersion, parseBrokerVersion } from "../../test/broker/index.ts";
import { wholeNumber } from "../harness/whole-number.ts";
import { runCrashTest } from "./crash-test.ts";

/** `npm run bench -- crash [--seconds 600] [--jobs 100000] [--seed 1] [--rabbitmq 4.0]` */
export async function crash(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "600" },
      jobs: { type: "string", default: "100000" },
      seed: { type: "string", default: "1" },
      rabbitmq: { type: "string", default: defaultBrokerVersion },
    },
  });
  const result = await runCrashTest({
    seconds: wholeNumber("seconds", values.seconds, 20),
    jobs: wholeNumber("jobs", values.jobs, 1),
    seed: wholeNumber("seed", values.seed, 0),
    rabbitmq: parseBrokerVersion(values.rabbitmq),
  });
  const { seed, accepted, done, deadLettered, lost, duplicates, unexplainedDuplicates, explainedBy, kills, effects } =
    result;
  for (const id of result.lostIds.slice(0, 20)) process.stdout.write(`lost: ${id}\n`);
  for (const run of result.unexplained.slice(0, 20)) process.stdout.write(`run again without a kill: ${run}\n`);
  if (result.crashed > 0) process.stdout.write(`${result.crashed} processes ended with an error\n`);
  if (result.late > 0) {
    process.stdout.write(`${result.late} producers could not have their quota accepted by long after the last kill\n`);
  }
  if (result.unfinished !== 0) {
    const left = result.unfinished < 0 ? "the broker could not say how many" : result.unfinished;
    process.stdout.write(`messages left when waiting ended, as they grew no less: ${left}\n`);
  }
  if (result.folder !== undefined) {
    process.stdout.write(`journals and logs: ${result.folder}\n`);
    process.exitCode = 1;
  }
  process.stdout.write(
    `${JSON.stringify({ bench: "crash", seed, accepted, done, deadLettered, lost, duplicates, unexplainedDuplicates, explainedBy, kills, effects })}\n`,
  );
}
