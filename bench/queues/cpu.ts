import { readFileSync } from "node:fs";
import { findRunning } from "../../test/cluster/processes.ts";

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
  const between = (of: keyof Cpu) => {
    const [was, is] = [before[of], after[of]];
    return was === undefined || is === undefined ? undefined : is - was;
  };
  return {
    broker: between("broker"),
    apiServer: between("apiServer"),
    etcd: between("etcd"),
    bench: between("bench"),
  };
}

/** In words, to tenths of a second. */
export function describeCpu(cpu: Cpu): string {
  const { broker, apiServer, etcd, bench } = cpu;
  const said = { RabbitMQ: broker, "API server": apiServer, etcd, bench };
  return Object.entries(said)
    .filter(([, seconds]) => seconds !== undefined)
    .map(([name, seconds]) => `${name} ${seconds?.toFixed(1)} s`)
    .join(", ");
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
