import { readFileSync } from "node:fs";
import { findRunning } from "../../test/cluster/processes.ts";
import { spreadOf } from "../harness/statistics.ts";

/** Seconds of CPU that each process has used; undefined for one that does not run on this machine. */
export interface Cpu {
  readonly broker: number | undefined;
  readonly apiServer: number | undefined;
  readonly etcd: number | undefined;
  /** The bench itself: who applies and watches, or who declares by hand. */
  readonly bench: number | undefined;
}

/** What they have used up to now. API server and etcd also serve whoever else uses the cluster. */
export function readCpu(brokerPid: number): Cpu {
  return {
    broker: secondsOf(brokerPid),
    apiServer: secondsOf(findRunning("kube-apiserver")?.pid),
    etcd: secondsOf(findRunning("etcd")?.pid),
    bench: secondsOf(process.pid),
  };
}

/** What they used between two looks. */
export function cpuBetween(before: Cpu, after: Cpu): Cpu {
  return cpuOf((of) => {
    const [was, is] = [before[of], after[of]];
    return was === undefined || is === undefined ? undefined : is - was;
  });
}

/** Of several rounds the median of each; not of what did not run here. */
export function medianCpu(rounds: readonly Cpu[]): Cpu {
  const median = (of: keyof Cpu) => {
    const known = rounds.map((cpu) => cpu[of]).filter((seconds) => seconds !== undefined);
    return known.length === 0 ? undefined : spreadOf(known).median;
  };
  return cpuOf(median);
}

/** In words, to tenths of a second. */
export function describeCpu({ broker, apiServer, etcd, bench }: Cpu): string {
  const said = { RabbitMQ: broker, "API server": apiServer, etcd, bench };
  return Object.entries(said)
    .map(([name, seconds]) => `${name} ${seconds === undefined ? "unknown" : `${seconds.toFixed(1)} s`}`)
    .join(", ");
}

function cpuOf(read: (of: keyof Cpu) => number | undefined): Cpu {
  return { broker: read("broker"), apiServer: read("apiServer"), etcd: read("etcd"), bench: read("bench") };
}

/** Linux counts in hundredths of a second wherever it tells programs. */
const ticksPerSecond = 100;

function secondsOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Its second field may hold spaces; utime and stime are the 14th and 15th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}
