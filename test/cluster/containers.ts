import { readdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { tryRun } from "./command.ts";
import { containerdSocket, ctrArguments } from "./containerd.ts";
import { program } from "./packages.ts";

/** Kills and removes every pod's containers, the sandboxes too, through containerd while it still runs. */
export async function removeContainers(): Promise<void> {
  const list = await tryRun(program("ctr"), ctrArguments("containers", "list", "--quiet"));
  const ids = (list ?? "").split("\n").filter((id) => id !== "");
  if (ids.length === 0) return;
  await tryRun(program("ctr"), ctrArguments("tasks", "remove", "--force", ...ids));
  await tryRun(program("ctr"), ctrArguments("containers", "remove", ...ids));
}

/** Ends the shims that are left, known by our containerd's socket among their arguments, and waits for their end. */
export async function killLeftShims(): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (leftShims().length > 0 && Date.now() < deadline) {
    for (const pid of leftShims()) kill(pid);
    await delay(50);
  }
}

function leftShims(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => isOurShim(commandLine(pid)));
}

/** Whether a command line is that of a shim which serves our containerd and no other one of this machine. */
export function isOurShim(commandLine: readonly string[], socket: string = containerdSocket): boolean {
  const [command = "", ...args] = commandLine;
  return (
    /(^|\/)containerd-shim-runc-v2$/.test(command) &&
    args.some((argument, index) => argument === "-address" && args[index + 1] === socket)
  );
}

function commandLine(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
  } catch {
    return [];
  }
}

/** Unmounts everything under a folder, the innermost first: pods' volumes, root file systems, network namespaces. */
export async function unmountUnder(folder: string): Promise<void> {
  const mounts = readFileSync("/proc/self/mounts", "utf8")
    .split("\n")
    .flatMap((line) => line.split(" ")[1] ?? [])
    // The kernel writes a space in a path as \040.
    .map((path) => path.replaceAll("\\040", " "))
    .filter((path) => path.startsWith(`${folder}/`));
  for (const path of mounts.reverse()) await tryRun(program("umount"), ["--lazy", path]);
}

/** Ends what still runs in pods, which is something only after containerd had died, and removes their control groups. */
export async function removePodCgroups(): Promise<void> {
  const groups = ["/sys/fs/cgroup", ...subfolders("/sys/fs/cgroup")].map((hierarchy) => join(hierarchy, "kubepods"));
  const deadline = Date.now() + 5_000;
  while (groups.some((group) => processesIn(group).length > 0) && Date.now() < deadline) {
    for (const pid of groups.flatMap(processesIn)) kill(pid);
    await delay(50);
  }
  for (const group of groups) removeTree(group);
}

function processesIn(group: string): number[] {
  return [...subfolders(group).flatMap(processesIn), ...pidsOf(group)];
}

function pidsOf(group: string): number[] {
  try {
    return readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself meanwhile.
  }
}

// The files of a control group are the kernel's and go with it; only the folders are removed, leaves first.
function removeTree(folder: string): void {
  for (const child of subfolders(folder)) removeTree(child);
  try {
    rmdirSync(folder);
  } catch {
    // Not there, or in use by a process that is just ending.
  }
}

function subfolders(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(folder, entry.name));
  } catch {
    return [];
  }
}
