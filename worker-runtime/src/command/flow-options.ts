import { InvalidArgumentError } from "commander";
import { isLaneName, type Lane, parseDuration, reservedLanes, type SharedRateLimit } from "../contract/index.ts";

/** `--lane name:weight`, which may be repeated. */
export function parseLane(text: string, before: readonly Lane[] = []): Lane[] {
  const { name, weight } = /^(?<name>.*):(?<weight>[1-9][0-9]*)$/.exec(text)?.groups ?? {};
  if (!isLaneName(name) || weight === undefined) {
    throw new InvalidArgumentError(
      `expected a lane's name and its weight, such as urgent:5; no lane is called ${reservedLanes.join(", ")}`,
    );
  }
  if (before.some((lane) => lane.name === name)) throw new InvalidArgumentError(`lane "${name}" is given twice`);
  return [...before, { name, weight: Number(weight) }];
}

/** `--rate jobs/per`: a limit that this worker has to itself. */
export function parseRate(text: string): SharedRateLimit {
  const [jobs = "", per = ""] = text.split("/", 2);
  try {
    const limit = { jobs: Number(jobs), perMs: parseDuration(per), shares: 1 };
    if (Number.isInteger(limit.jobs) && limit.jobs > 0 && limit.perMs > 0) return limit;
  } catch {
    // Told below, with an example.
  }
  throw new InvalidArgumentError("expected how many jobs in how long, such as 10/1s");
}
