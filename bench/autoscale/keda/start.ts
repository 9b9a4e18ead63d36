import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAuthority } from "../../../test/broker/certificates.ts";
import { nodeAddress } from "../../../test/cluster/addresses.ts";
import { answers } from "../../../test/cluster/http-health.ts";
import { answersWithin, freePorts, startOwned } from "../../../test/cluster/owned-process.ts";
import { apply, kubectl } from "../../../test/e2e/kubectl.ts";
import { until } from "../../../test/e2e/until.ts";
import { buildKeda, kedaProgram } from "./binaries.ts";
import { apiServiceName, installation, kedaNamespace } from "./installation.ts";
import { definitionsFolder } from "./module.ts";

/**
 * Runs KEDA's operator and its metrics adapter on this machine, outside the cluster, for one namespace. Disposing of it
 * ends both and takes everything of KEDA out of the cluster.
 */
export async function startKeda(options: {
  readonly kubeconfig: string;
  readonly namespace: string;
  /** For logs and certificates. */
  readonly folder: string;
}): Promise<AsyncDisposable> {
  const { kubeconfig, namespace, folder } = options;
  await buildKeda();
  await using undo = new AsyncDisposableStack();
  const certificates = join(folder, "keda-certificates");
  await writeCertificates(certificates);
  const [metrics = 0, probes = 0, service = 0, adapterMetrics = 0] = await freePorts(4);

  undo.defer(removeInstallation);
  await kubectl("apply", "--server-side", "--force-conflicts", "-f", await definitionsFolder());
  await apply(...installation(nodeAddress, adapterPort));

  const env = {
    HOME: folder,
    KUBECONFIG: kubeconfig,
    KEDA_CLUSTER_OBJECT_NAMESPACE: kedaNamespace,
    POD_NAMESPACE: kedaNamespace,
    WATCH_NAMESPACE: namespace,
  };
  const operatorLog = join(folder, "keda-operator.log");
  const operator = startOwned({
    command: kedaProgram("keda-operator"),
    args: [
      ...["--cert-dir", certificates, "--enable-apiservice-patching=false", "--enable-webhook-patching=false"],
      ...["--metrics-bind-address", `127.0.0.1:${metrics}`, "--health-probe-bind-address", `127.0.0.1:${probes}`],
      ...["--metrics-service-bind-address", `127.0.0.1:${service}`],
    ],
    env,
    logFile: operatorLog,
  });
  undo.defer(() => operator.stop());
  const adapterLog = join(folder, "keda-adapter.log");
  const adapter = startOwned({
    command: kedaProgram("keda-adapter"),
    args: [
      ...["--secure-port", `${adapterPort}`, "--bind-address", nodeAddress, "--port", `${adapterMetrics}`],
      ...["--cert-dir", certificates, "--kubeconfig", kubeconfig, "--lister-kubeconfig", kubeconfig],
      ...["--authentication-kubeconfig", kubeconfig, "--authorization-kubeconfig", kubeconfig],
      ...["--metrics-service-address", `127.0.0.1:${service}`],
    ],
    env,
    logFile: adapterLog,
  });
  undo.defer(() => adapter.stop());
  await answersWithin(operator, { name: "keda-operator", logFile: operatorLog, timeoutMs: 120_000 }, () =>
    answers(`http://127.0.0.1:${probes}/readyz`),
  );
  await until("the API server reaches KEDA's metrics adapter", () => isAvailable(), 120);
  // While KEDA is there to let go of them: they would keep their kind and namespace for ever.
  undo.defer(async () => void (await kubectl("delete", "scaledobjects", "--all", "-n", namespace, "--timeout=60s")));
  const all = undo.move();
  return { [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Its APIService names it, so it is not just any port that is free. */
const adapterPort = 6444;

async function writeCertificates(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const authority = await createAuthority("jobwright-bench-keda");
  const { certificate, key } = await authority.issue(["IP:127.0.0.1"], 30, "serverAuth,clientAuth");
  writeFileSync(join(folder, "ca.crt"), authority.certificate);
  writeFileSync(join(folder, "tls.crt"), certificate);
  writeFileSync(join(folder, "tls.key"), key, { mode: 0o600 });
}

async function isAvailable(): Promise<boolean> {
  const template = '{.status.conditions[?(@.type=="Available")].status}';
  return (await kubectl("get", "apiservice", apiServiceName, "-o", `jsonpath=${template}`)) === "True";
}

async function removeInstallation(): Promise<void> {
  // First: an API that does not answer keeps every namespace of the cluster from being deleted.
  await kubectl("delete", "apiservice", apiServiceName, "--ignore-not-found");
  await kubectl("delete", "clusterrole,clusterrolebinding,rolebinding", "-A", "-l", "jobwright.dev/bench=keda");
  await kubectl("delete", "namespace", kedaNamespace, "--ignore-not-found", "--wait=false");
  await kubectl("delete", "--ignore-not-found", "--wait=false", "-f", await definitionsFolder());
}
