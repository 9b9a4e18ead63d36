// The operator's process: settings in, everything wired, started and stopped here only.
import { Registry } from "prom-client";
import { check } from "./check/command.ts";
import { readSettings } from "./config.ts";
import { createKubeClient, createLeaderElection, loadKubeConfig } from "./kube/index.ts";
import { createOperator } from "./operator.ts";
import { apiCallMetrics } from "./telemetry/call-metrics.ts";
import { createLog } from "./telemetry/log.ts";
import { processMetrics } from "./telemetry/process-metrics.ts";
import { serveTelemetry } from "./telemetry/server.ts";

const leaseName = "jobwright-operator";

async function main(): Promise<void> {
  const [node = "", script = "", command, ...rest] = process.argv;
  // Its settings come from the environment that it shares with the operator.
  if (command === "check") process.exit(await check(readSettings([node, script]), leaseName, rest[0]));
  const settings = readSettings(process.argv);
  const log = createLog(settings.logLevel, settings.logFormat);
  const registry = new Registry();
  const self = processMetrics(registry, leaseName);

  const client = createKubeClient(loadKubeConfig(), {
    userAgent: "jobwright-operator",
    onAnswer: apiCallMetrics(registry),
  });
  const { identity, namespace, watchNamespaces, resyncMs, defaultBrokerSecret, allowedVhosts } = settings;
  const operator = createOperator({
    client,
    sources: { defaultBrokerSecret, allowedVhosts },
    resyncMs,
    identity,
    registry,
    log,
    ...(watchNamespaces === undefined ? {} : { namespaces: watchNamespaces }),
  });
  const telemetry = await serveTelemetry({ port: settings.port, registry, awaits: operator.awaits });
  operator.watch();

  function lead(signal: AbortSignal): void {
    self.leads();
    log.info({ identity }, "leading");
    operator.lead(signal).catch((error: unknown) => {
      if (signal.aborted) return;
      log.fatal({ err: error }, "cannot lead");
      process.exit(1);
    });
  }

  const withdrawn = new AbortController();
  const election = settings.leaderElect
    ? createLeaderElection({
        client,
        namespace,
        name: leaseName,
        identity,
        log,
        onStarted: lead,
        onLost(reason) {
          // Another replica may lead already: whatever this one still does could contradict it.
          log.fatal({ err: reason }, "the lease is lost; ending");
          process.exit(1);
        },
      })
    : undefined;
  if (election) election.start();
  else lead(withdrawn.signal);

  let stopping = false;
  async function stop(signal: NodeJS.Signals): Promise<void> {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, "stopping");
    withdrawn.abort();
    await operator.stop();
    // Only now may another lead.
    await election?.stop();
    await telemetry[Symbol.asyncDispose]();
    process.exit(0);
  }
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, (received) => void stop(received));
  log.info({ identity, namespace, version: process.version }, "started");
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
