import { mkdirSync } from "node:fs";
import { etcdPeerPort, etcdPort } from "./addresses.ts";
import type { Component } from "./component.ts";
import { answers } from "./http-health.ts";
import { program, programVersion } from "./packages.ts";
import { statePath } from "./paths.ts";

export const etcdUrl = `http://127.0.0.1:${etcdPort}`;

export const etcd: Component = {
  name: "etcd",
  version: () => programVersion("etcd"),
  address: etcdUrl,
  prepare: () => {
    mkdirSync(statePath("etcd"), { recursive: true, mode: 0o700 });
  },
  process: () => {
    const peerUrl = `http://127.0.0.1:${etcdPeerPort}`;
    return {
      name: "etcd",
      command: program("etcd"),
      args: [
        "--name=jobwright",
        `--data-dir=${statePath("etcd")}`,
        `--listen-client-urls=${etcdUrl}`,
        `--advertise-client-urls=${etcdUrl}`,
        `--listen-peer-urls=${peerUrl}`,
        `--initial-advertise-peer-urls=${peerUrl}`,
        `--initial-cluster=jobwright=${peerUrl}`,
        // Its data need not survive a power cut, and waiting for the disk is most of what etcd does.
        "--unsafe-no-fsync",
        "--quota-backend-bytes=4294967296",
      ],
    };
  },
  healthy: () => answers(`${etcdUrl}/health`),
};
