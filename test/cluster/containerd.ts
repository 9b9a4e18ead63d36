import { mkdirSync, writeFileSync } from "node:fs";
import { tryRun } from "./command.ts";
import type { Component } from "./component.ts";
import { cniPluginDirectory, program, programVersion } from "./packages.ts";
import { statePath } from "./paths.ts";

export const containerdSocket = statePath("run", "containerd", "containerd.sock");
/** The image whose one process holds a pod's namespaces. */
export const pauseImage = "localhost/jobwright/pause:1";

const configurationPath = statePath("containerd.toml");

/** Arguments for `ctr` that lead to this containerd and the images that the kubelet sees. */
export function ctrArguments(...args: string[]): string[] {
  return ["--address", containerdSocket, "--namespace", "k8s.io", ...args];
}

export const containerd: Component = {
  name: "containerd",
  version: () => programVersion("containerd"),
  address: containerdSocket,
  prepare: () => {
    mkdirSync(statePath("run", "containerd"), { recursive: true });
    writeFileSync(configurationPath, containerdConfiguration());
  },
  process: () => ({
    name: "containerd",
    command: program("containerd"),
    args: ["--config", configurationPath],
    env: { PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` },
  }),
  healthy: async () => (await tryRun(program("ctr"), ctrArguments("version"))) !== undefined,
};

function containerdConfiguration(): string {
  const text = JSON.stringify;
  const cri = (section: string) => `[plugins."io.containerd.grpc.v1.cri"${section}]`;
  return [
    "version = 2",
    // Images are kept here over `down` and `up`.
    `root = ${text(statePath("containerd"))}`,
    `state = ${text(statePath("run", "containerd", "state"))}`,
    "[grpc]",
    `address = ${text(containerdSocket)}`,
    cri(""),
    `sandbox_image = ${text(pauseImage)}`,
    // Inside a VM or container that may not lower oom_score_adj, pods would not start otherwise.
    "restrict_oom_score_adj = true",
    // Network namespaces are mounted under our own state folder, so that `down` knows whose they are.
    "netns_mounts_under_state_dir = true",
    cri(".cni"),
    `bin_dir = ${text(cniPluginDirectory)}`,
    `conf_dir = ${text(statePath("cni", "net.d"))}`,
    cri(".containerd.runtimes.runc"),
    'runtime_type = "io.containerd.runc.v2"',
    cri(".containerd.runtimes.runc.options"),
    `BinaryName = ${text(program("runc"))}`,
    "SystemdCgroup = false",
    "",
  ].join("\n");
}
