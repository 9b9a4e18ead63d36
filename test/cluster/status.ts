import { brokerComponents } from "../broker/components.ts";
import { knownBrokers } from "../broker/settings.ts";
import type { Component } from "./component.ts";
import { externalKubeconfig } from "./external.ts";
import { kubernetesComponents } from "./kubernetes.ts";
import { findRunning, readRecord, residentBytes } from "./processes.ts";

interface Row {
  component: string;
  state: string;
  pid: string;
  version: string;
  memory: string;
  address: string;
}

/** Looks at every component. `state` says "running", "not answering", "died" or "stopped". */
export async function readStatus(): Promise<Row[]> {
  const kubernetes = externalKubeconfig() === undefined ? kubernetesComponents : [];
  return Promise.all([...kubernetes, ...knownBrokers().flatMap(brokerComponents)].map(look));
}

async function look(component: Component): Promise<Row> {
  const record = findRunning(component.name);
  const bytes = record === undefined ? undefined : residentBytes(record.pid);
  return {
    component: component.name,
    state: await stateOf(component, record !== undefined),
    pid: record === undefined ? "" : `${record.pid}`,
    version: await component.version(),
    memory: bytes === undefined ? "" : `${Math.round(bytes / 2 ** 20)} MiB`,
    address: component.address,
  };
}

async function stateOf(component: Component, runs: boolean): Promise<string> {
  if (runs) return (await component.healthy()) ? "running" : "not answering";
  return readRecord(component.name) === undefined ? "stopped" : "died";
}

/** A table for a person. */
export function renderStatus(rows: readonly Row[]): string {
  const columns = ["component", "state", "pid", "version", "memory", "address"] as const;
  const lines = [
    columns.map((column) => column.toUpperCase()),
    ...rows.map((row) => columns.map((column) => row[column])),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
