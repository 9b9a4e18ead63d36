import { mkdirSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { brokerComponents } from "../broker/components.ts";
import { ensureBrokerRoot } from "../broker/root.ts";
import { ensureSettings, knownBrokers } from "../broker/settings.ts";
import type { BrokerVersion } from "../broker/versions.ts";
import { nodeAddress, nodeName } from "./addresses.ts";
import { apiServer } from "./apiserver.ts";
import { binariesReady, binary, buildBinaries } from "./binaries.ts";
import { ensureCertificates } from "./certificates.ts";
import { run } from "./command.ts";
import { ensureRunning } from "./component.ts";
import { containerd } from "./containerd.ts";
import { dnsAccess } from "./dns.ts";
import { externalKubeconfig } from "./external.ts";
import { kubernetesStages } from "./kubernetes.ts";
import { withClusterLock } from "./lock.ts";
import { ensureNetwork, writeCniConfiguration } from "./network.ts";
import { findProgram, installPackages, packagesToInstall, program } from "./packages.ts";
import { binDirectory, ownKubeconfig } from "./paths.ts";
import { ensurePauseImage } from "./pause-image.ts";
import { report } from "./progress.ts";
import { missingRequirements, userId } from "./requirements.ts";

/**
 * Brings everything up that is not: installs and builds what is missing, starts what does not run, restarts what does
 * not answer. Nothing happens when all is well.
 */
export async function up(options: { rabbitmq: BrokerVersion }): Promise<void> {
  const external = externalKubeconfig();
  const packages = packagesToInstall(external === undefined);
  const missing = missingRequirements({
    platform: process.platform,
    userId: userId(),
    hasAptGet: findProgram("apt-get") !== undefined,
    hasGo: findProgram("go") !== undefined,
    binariesReady: external !== undefined || binariesReady(),
    missingPackages: packages,
  });
  if (missing.length > 0) throw new Error(`The cluster needs:\n${missing.map((line) => `  ${line}`).join("\n")}`);
  await withClusterLock(async () => {
    await installPackages(packages);
    // A broker that is up already is looked after as well, whichever version was asked for.
    const versions = [...new Set([...knownBrokers(), options.rabbitmq])];
    await Promise.all([external === undefined ? buildBinaries() : undefined, ...versions.map(ensureBrokerRoot)]);
    if (external === undefined) {
      await ensureCertificates();
      await ensureNetwork();
      writeCniConfiguration();
      linkPrograms();
    } else {
      report(`KUBECONFIG names ${external}: that cluster is used and none is started.`);
      report("RabbitMQ listens on this machine's loopback only, so that cluster's pods reach it only by a tunnel.");
    }
    await Promise.all([
      external === undefined ? startKubernetes() : undefined,
      ...versions.map((version) => startRabbit(version, external === undefined ? nodeAddress : "127.0.0.1")),
    ]);
  });
}

async function startRabbit(version: BrokerVersion, address: string): Promise<void> {
  ensureSettings(version, address);
  for (const component of brokerComponents(version)) await ensureRunning(component);
}

async function startKubernetes(): Promise<void> {
  for (const stage of kubernetesStages) {
    await Promise.all(stage.map(ensureRunning));
    if (stage.includes(containerd)) await ensurePauseImage();
    if (stage.includes(apiServer)) await applyAddons();
  }
  await nodeReady();
}

async function applyAddons(): Promise<void> {
  const list = { apiVersion: "v1", kind: "List", items: dnsAccess };
  await run(binary("kubectl"), ["--kubeconfig", ownKubeconfig, "apply", "--server-side", "-f", "-"], {
    input: JSON.stringify(list),
  });
}

/** The node takes pods once the kubelet has found containerd and its network. */
async function nodeReady(): Promise<void> {
  await run(binary("kubectl"), [
    ...["--kubeconfig", ownKubeconfig, "wait", `node/${nodeName}`],
    ...["--for=condition=Ready", "--timeout=60s"],
  ]);
}

/** Fills the folder that `env` puts in PATH. */
function linkPrograms(): void {
  mkdirSync(binDirectory, { recursive: true });
  const programs = {
    kubectl: binary("kubectl"),
    helm: binary("helm"),
    etcdctl: program("etcdctl"),
    ctr: program("ctr"),
  };
  for (const [name, target] of Object.entries(programs)) {
    rmSync(join(binDirectory, name), { force: true });
    symlinkSync(target, join(binDirectory, name));
  }
}
