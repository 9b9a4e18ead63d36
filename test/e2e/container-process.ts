import { readdirSync, readFileSync } from "node:fs";

/**
 * Kills the processes of a pod's containers from outside, without warning, as the kernel does when memory runs out: the
 * kubelet then starts the container anew. The pod must run on this machine.
 *
 * @throws Error when no process of the pod is found.
 */
export function killProcesses(pod: {
  readonly metadata: { readonly name: string; readonly uid?: string | undefined };
}): void {
  const { name, uid = "" } = pod.metadata;
  const found = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => read(pid, "cgroup").includes(`/pod${uid}/`))
    // The sandbox's own process holds the pod's network and is no container.
    .filter((pid) => !read(pid, "cmdline").startsWith("/pause"));
  if (uid === "" || found.length === 0) throw new Error(`no process of pod ${name} runs on this machine`);
  for (const pid of found) process.kill(Number(pid), "SIGKILL");
}

function read(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    // It ended meanwhile.
    return "";
  }
}
