import { existsSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run, tryRun } from "./command.ts";
import { withLock } from "./lock.ts";
import { cachePath } from "./paths.ts";
import { slowStep } from "./progress.ts";

/** Programs the cluster takes from the distribution, and the Debian package that brings each. */
const debianPackages = {
  etcd: "etcd-server",
  etcdctl: "etcd-client",
  containerd: "containerd",
  "containerd-shim-runc-v2": "containerd",
  ctr: "containerd",
  runc: "runc",
  buildah: "buildah",
  iptables: "iptables",
  conntrack: "conntrack",
  ip: "iproute2",
  nsenter: "util-linux",
  unshare: "util-linux",
  mount: "mount",
  umount: "mount",
  openssl: "openssl",
  mmdebstrap: "mmdebstrap",
} as const;

export type DebianProgram = keyof typeof debianPackages;

/** The folder of the CNI plugins in Debian. */
export const cniPluginDirectory = "/usr/lib/cni";

const searchPath = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/sbin", "/usr/local/sbin"];

/** Where a program is in PATH or the system's sbin folders. */
export function findProgram(name: string): string | undefined {
  return searchPath.map((directory) => join(directory, name)).find((path) => existsSync(path));
}

/**
 * The path of a program that {@link installPackages} provides.
 * @throws when it is missing.
 */
export function program(name: DebianProgram): string {
  const path = findProgram(name);
  if (path === undefined) {
    throw new Error(
      `${name} is not installed: run \`npm run cluster -- up\`, or apt-get install ${debianPackages[name]}`,
    );
  }
  return path;
}

/** The version that an installed program says it is, for example `v3.4.23`. */
export async function programVersion(name: DebianProgram): Promise<string> {
  const number = /\d+\.\d+(\.\d+)?/.exec((await tryRun(program(name), ["--version"])) ?? "")?.[0];
  return number === undefined ? "" : `v${number}`;
}

/** The packages to install so that every program is there, given which are. Those already there from elsewhere stay. */
export function missingPackages(isThere: (program: string) => boolean, hasCniPlugins: boolean): string[] {
  const missing: string[] = Object.entries(debianPackages).flatMap(([name, debian]) => (isThere(name) ? [] : [debian]));
  if (!hasCniPlugins) missing.push("containernetworking-plugins");
  return [...new Set(missing)];
}

/** What brokers and image builds need, with or without a cluster of ours beside them. */
const withoutCluster: readonly string[] = ["buildah", "mmdebstrap", "unshare", "mount", "umount"];

/**
 * The packages that this machine lacks.
 * @param cluster whether Kubernetes is to run here, or brokers only.
 */
export function packagesToInstall(cluster: boolean): string[] {
  return missingPackages(
    (name) => findProgram(name) !== undefined || !(cluster || withoutCluster.includes(name)),
    !cluster || existsSync(join(cniPluginDirectory, "bridge")),
  );
}

/** Installs packages with apt without starting any service. One process at a time: apt does not wait for another. */
export async function installPackages(missing: string[]): Promise<void> {
  if (missing.length === 0) return;
  await withLock(cachePath("apt.lock"), "another process that installs Debian packages", () =>
    slowStep(`Installing Debian packages: ${missing.join(", ")}`, () => withoutServiceStarts(() => install(missing))),
  );
}

async function install(packages: string[]): Promise<void> {
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  const args = ["install", "-y", "--no-install-recommends", ...packages];
  if ((await tryRun("apt-get", args, { env: environment })) !== undefined) return;
  // Most often the package lists are old or not there at all.
  await run("apt-get", ["update"], { env: environment });
  await run("apt-get", args, { env: environment });
}

/** Debian starts a service when it is installed, unless this file says no. */
async function withoutServiceStarts<T>(step: () => Promise<T>): Promise<T> {
  const policy = "/usr/sbin/policy-rc.d";
  const ours = !existsSync(policy);
  if (ours) writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    return await step();
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
}
