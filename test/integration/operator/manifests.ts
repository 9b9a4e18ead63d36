import type { KubeObject } from "../../../operator/src/kube/index.ts";
import type { Broker } from "../../broker/index.ts";

type Spec = Record<string, unknown>;

/** The Secret that names the broker in every scene. */
export const brokerSecretName = "broker";

/**
 * A pod template for pods that no scheduler looks at: they are made, and stay as they are, or as a test says. (Of those that no
 * node takes, the scheduler says so, some time after a test has said that they run.)
 */
export const unscheduled = {
  spec: { schedulerName: "none", containers: [{ name: "handlers", image: "localhost/nowhere:1" }] },
};

/** A JobQueue on the scene's broker. */
export function jobQueueManifest(namespace: string, name: string, spec: Spec = {}): KubeObject {
  return {
    apiVersion: "jobwright.dev/v1alpha1",
    kind: "JobQueue",
    metadata: { name, namespace },
    spec: { broker: { secretRef: { name: brokerSecretName } }, ...spec },
  };
}

/** A WorkerPool whose image is nowhere: its pods are made and never run. */
export function workerPoolManifest(namespace: string, name: string, spec: Spec = {}): KubeObject {
  return {
    apiVersion: "jobwright.dev/v1alpha1",
    kind: "WorkerPool",
    metadata: { name, namespace },
    spec: {
      queueRef: { name },
      template: {
        spec: { containers: [{ name: "handlers", image: "localhost/nowhere:1", imagePullPolicy: "Never" }] },
      },
      ...spec,
    },
  };
}

/** What RabbitMQ's cluster operator would write for this broker, and the vhost. `changes` replaces some of it. */
export function brokerSecretManifest(
  namespace: string,
  name: string,
  broker: Broker,
  vhost: string,
  changes: Record<string, string> = {},
): KubeObject & { stringData: Record<string, string> } {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    stringData: {
      host: broker.host,
      port: String(broker.amqpPort),
      username: broker.username,
      password: broker.password,
      "management-uri": broker.managementUrl,
      "virtual-host": vhost,
      ...changes,
    },
  };
}
