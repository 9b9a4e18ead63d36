import { join } from "node:path";
import type { Broker } from "../broker/index.ts";
import { localImageId } from "../cluster/buildah.ts";
import { buildImage, readCluster } from "../cluster/index.ts";
import { apply, helm, kubectl } from "./kubectl.ts";

const root = join(import.meta.dirname, "../..");

/** Where the operator is installed: not under the names that a user would take. The chart refuses to be a second one. */
export const release = "jobwright-e2e";
export const operatorNamespace = "jobwright-e2e";
/** Selects the operator's pods. */
export const operatorSelector = `app.kubernetes.io/instance=${release},app.kubernetes.io/component=operator`;

/** What the API server holds the operator's and the workers' pods to. */
export const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };

/** The image with the tests' handlers. */
export const handlersImage = "localhost/jobwright/e2e-handlers:dev";

/** Builds the operator's image and the handlers'. What has not changed is not built again. */
async function buildImages(): Promise<{ operator: string }> {
  const { reference: operator } = await buildImage({
    context: root,
    target: "operator",
    tag: "jobwright/operator:dev",
  });
  const { reference: base } = await buildImage({
    context: root,
    target: "worker-runtime",
    tag: "jobwright/worker-runtime:dev",
  });
  await buildImage({
    context: join(import.meta.dirname, "handlers"),
    tag: handlersImage,
    buildArguments: { BASE_IMAGE: base },
  });
  return { operator };
}

/** The keys of a broker's Secret, in the format of RabbitMQ's cluster operator. */
export function brokerSecretData(broker: Broker): Record<string, string> {
  return {
    host: broker.podHost ?? broker.host,
    port: String(broker.amqpPort),
    username: broker.username,
    password: broker.password,
    "management-uri": `http://${broker.podHost ?? broker.host}:${broker.managementPort}`,
  };
}

/** The operator's image, as far as the chart and kustomize want to know of it. */
export async function operatorImage(): Promise<{ name: string; tag: string; id: string }> {
  const { operator } = await buildImages();
  const separator = operator.lastIndexOf(":");
  return {
    name: operator.slice(0, separator),
    tag: operator.slice(separator + 1),
    id: (await localImageId(operator)) ?? "",
  };
}

/** Makes the operator's namespace, with the Secret of its broker. */
export async function applyBrokerSecret(namespace = operatorNamespace): Promise<void> {
  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels: restricted } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "rabbitmq", namespace },
      stringData: brokerSecretData(readCluster().broker("4.0")),
    },
  );
}

/** The chart in this repository. */
const chart = join(root, "charts/jobwright");

/** The chart of the release before, packaged: upgrades begin there. */
export const previousChart = join(import.meta.dirname, "previous-chart/jobwright-0.1.0.tgz");

/**
 * Installs the chart as a user would, or upgrades what is installed, and waits until all replicas are ready.
 *
 * @param options another chart, and files with values.
 */
export async function install(options: { chart?: string; values?: readonly string[] } = {}): Promise<void> {
  const image = await operatorImage();
  await applyBrokerSecret();
  const values = {
    "image.repository": image.name,
    "image.tag": image.tag,
    "image.pullPolicy": "Never",
    "broker.secretName": "rabbitmq",
    // The tag stays the same from build to build; this makes a new image a new rollout.
    "podAnnotations.image-id": image.id,
    logLevel: "debug",
  };
  const set = Object.entries(values).flatMap(([name, value]) => ["--set-string", `${name}=${value}`]);
  await helm(
    ...["upgrade", "--install", release, options.chart ?? chart, "--namespace", operatorNamespace],
    ...(options.values ?? []).flatMap((file) => ["--values", join(root, file)]),
    // CRDs that somebody applied by hand before, or that an uninstalled release kept, become this release's.
    ...["--take-ownership", "--wait", "--timeout", "4m", ...set],
  );
}

/** Uninstalls the release and waits until the operator has ended. CRDs stay. @returns what Helm said. */
export async function uninstall(): Promise<string> {
  const said = await helm("uninstall", release, "--namespace", operatorNamespace, "--wait", "--timeout", "2m");
  await kubectl("wait", "pods", "-n", operatorNamespace, "-l", operatorSelector, "--for=delete", "--timeout=60s");
  // The Lease and the broker's Secret are not the release's.
  await kubectl("delete", "namespace", operatorNamespace, "--timeout=60s");
  return said;
}

/** The operator's log, all replicas, oldest first; `previous` containers included. */
export async function operatorLog(): Promise<string> {
  const names = await kubectl("get", "pods", "-n", operatorNamespace, "-l", operatorSelector, "-o", "name");
  const logs = await Promise.all(
    names
      .split("\n")
      .filter((name) => name !== "")
      .flatMap((name) => [
        kubectl("logs", "-n", operatorNamespace, name, "--previous").catch(() => ""),
        kubectl("logs", "-n", operatorNamespace, name).catch((error: unknown) => String(error)),
      ]),
  );
  return logs
    .join("")
    .split("\n")
    .filter((line) => line !== "")
    .toSorted((a, b) => (timeOf(a) < timeOf(b) ? -1 : 1))
    .join("\n");
}

/** Where the operator's log says that its roles do not allow something. */
export async function refusals(): Promise<string[]> {
  // An Event for an object of a namespace that is being deleted is refused too, and roles have nothing to do with that.
  return (await operatorLog()).split("\n").filter((line) => /forbidden: User/.test(line));
}

function timeOf(line: string): string {
  return /"time":"?([^",]+)/.exec(line)?.[1] ?? "";
}
