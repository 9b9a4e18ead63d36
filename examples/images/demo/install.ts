import { join } from "node:path";
import { type Broker, manage } from "../../../test/broker/index.ts";
import { localImageId } from "../../../test/cluster/buildah.ts";
import { buildImage } from "../../../test/cluster/index.ts";
import type { Kube } from "./kubectl.ts";

const repository = join(import.meta.dirname, "../../..");

/** Where the demo installs the operator. */
export const operatorNamespace = "jobwright-system";
/** Its release, and so its Deployment. A name of its own: objects without a namespace are shared by all releases. */
export const release = "jobwright-demo";
const brokerSecret = "demo-rabbitmq";

/** The demo's own virtual host on the broker. */
export const vhost = "demo";

/** Builds the three images that are not up to date: the operator, the base for workers, and the example on it. */
export async function buildImages(): Promise<{ operator: string }> {
  const operator = await buildImage({ context: repository, target: "operator", tag: "jobwright/operator:dev" });
  const base = await buildImage({ context: repository, target: "worker-runtime", tag: "jobwright/worker-runtime:dev" });
  await buildImage({
    context: join(repository, "examples/images/worker"),
    tag: "jobwright/images-example:dev",
    buildArguments: { BASE_IMAGE: base.reference },
  });
  return { operator: operator.reference };
}

/**
 * Gives the operator the broker's address in a Secret, and installs its chart, or upgrades it.
 * @throws Error with the chart's words, for example where another operator is installed.
 */
export async function installOperator(kube: Kube, broker: Broker, image: string): Promise<void> {
  await manage(broker, "PUT", `/api/vhosts/${vhost}`, {});
  const everything = { configure: ".*", write: ".*", read: ".*" };
  await manage(broker, "PUT", `/api/permissions/${vhost}/${encodeURIComponent(broker.username)}`, everything);
  const host = broker.podHost ?? broker.host;
  await kube.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: operatorNamespace } });
  await kube.apply({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: brokerSecret, namespace: operatorNamespace },
    stringData: {
      host,
      port: `${broker.amqpPort}`,
      username: broker.username,
      password: broker.password,
      "virtual-host": vhost,
      "management-uri": `http://${host}:${broker.managementPort}`,
    },
  });
  const colon = image.lastIndexOf(":");
  const values = {
    "image.repository": image.slice(0, colon),
    "image.tag": image.slice(colon + 1),
    "broker.secretName": brokerSecret,
    // A rebuilt image has the same name; this makes it a new rollout.
    "podAnnotations.image-id": (await localImageId(image)) ?? "",
  };
  await kube.helm(
    ...["upgrade", "--install", release, join(repository, "charts/jobwright"), "--namespace", operatorNamespace],
    // Custom resource definitions that an earlier release kept, or that somebody applied by hand, become this one's.
    ...["--take-ownership", "--wait", "--timeout=120s"],
    ...Object.entries(values).flatMap(([name, value]) => ["--set-string", `${name}=${value}`]),
  );
}

/** Takes back what {@link installOperator} made; the chart keeps its custom resource definitions. */
export async function uninstallOperator(kube: Kube, broker: Broker): Promise<void> {
  await kube.helm("uninstall", release, "--namespace", operatorNamespace, "--ignore-not-found", "--wait");
  await kube.kubectl("delete", "namespace", operatorNamespace, "--ignore-not-found");
  await manage(broker, "DELETE", `/api/vhosts/${vhost}`);
}
