import { dirname } from "node:path";
import {
  configurationPath,
  credentialsDirectory,
  environment,
  keyringDirectory,
  parseDuration,
  readyPath,
  telemetryPort,
} from "@jobwright/worker-runtime/contract";
import type { WorkerPool } from "../api/objects.ts";
import { type KubeObject, ownerReference } from "../kube/index.ts";
import { managedBy } from "../ownership.ts";
import {
  childNames,
  configurationHashAnnotation,
  credentialsGenerationAnnotation,
  poolLabel,
  workerContainerAnnotation,
  workerSecret,
} from "./names.ts";

type PodSpec = WorkerPool["spec"]["template"]["spec"];
type Container = PodSpec["containers"][number];

/** A Deployment, as far as the operator reads one. */
export interface Deployment extends KubeObject {
  spec: { replicas?: number; paused?: boolean; template?: unknown };
  status?: {
    observedGeneration?: number;
    replicas?: number;
    updatedReplicas?: number;
    readyReplicas?: number;
    conditions?: { type: string; status: string; reason?: string; message?: string }[];
  };
}

/** Labels that select a pool's pods, and nothing else. */
export function poolSelector(pool: string): Record<string, string> {
  return { [poolLabel]: pool };
}

function ownLabels(name: string): Record<string, string> {
  const component = { "app.kubernetes.io/name": name, "app.kubernetes.io/component": "worker" };
  return { ...component, ...managedBy, ...poolSelector(name) };
}

/** All labels of a pool's pods. */
export function poolLabels({ metadata, spec }: WorkerPool): Record<string, string> {
  return { ...spec.template.metadata?.labels, ...ownLabels(metadata.name) };
}

function named<T extends { name?: unknown }>(list: unknown, mine: readonly T[]): unknown[] {
  const names = new Set<unknown>(mine.map(({ name }) => name));
  const theirs = Array.isArray(list) ? list.filter((item: { name?: unknown }) => !names.has(item?.name)) : [];
  return [...theirs, ...mine];
}

/** The container that runs the handlers. */
function handlersContainer({ spec }: Pick<WorkerPool, "spec">): Container | undefined {
  const { containers } = spec.template.spec;
  return containers.length === 1 ? containers[0] : containers.find(({ name }) => name === "worker");
}

/** Whether a drained worker may well stay ready: the user's own readiness probe asks something else than the runtime. */
export function mayBeReadyWhenDrained(pool: Pick<WorkerPool, "spec">): boolean {
  const probe = handlersContainer(pool)?.readinessProbe as { httpGet?: { path?: unknown } } | undefined;
  return probe !== undefined && probe.httpGet?.path !== readyPath;
}

/** The worker's container with what the runtime needs: identity, configuration, credentials, port and readiness. */
function workerContainer(container: Container, encrypted: boolean): Container {
  const ports = Array.isArray(container.ports) ? container.ports : [];
  const hasPort = ports.some((port: { containerPort?: unknown }) => port?.containerPort === telemetryPort);
  return {
    ...container,
    env: named(container.env, [{ name: environment.podName, valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }]),
    volumeMounts: named(container.volumeMounts, [
      { name: "jobwright-configuration", mountPath: dirname(configurationPath), readOnly: true },
      { name: "jobwright-credentials", mountPath: credentialsDirectory, readOnly: true },
      ...(encrypted ? [{ name: "jobwright-keyring", mountPath: keyringDirectory, readOnly: true }] : []),
    ]),
    ports: hasPort ? ports : [...ports, { name: "jobwright", containerPort: telemetryPort, protocol: "TCP" }],
    // A drained worker must soon be seen as not ready: a ReplicaSet deletes such pods first. There is no liveness probe:
    // a handler that keeps the event loop busy would be killed for it, and its jobs be done again.
    readinessProbe: container.readinessProbe ?? {
      httpGet: { path: readyPath, port: telemetryPort },
      periodSeconds: 1,
      failureThreshold: 1,
    },
  };
}

/**
 * The Deployment of a pool: the user's pod template with what the runtime needs, and the number of replicas. It is
 * always applied whole: leaving out a field that one owns resets it.
 *
 * @param keyring the Secret with the keys of a queue that encrypts.
 * @param credentialsGeneration which of the pool's users the workers have.
 */
export function poolDeployment(
  pool: WorkerPool,
  configurationHash: string,
  replicas: number,
  keyring?: string,
  credentialsGeneration = 1,
): Deployment {
  const { name, namespace } = pool.metadata;
  const { metadata, spec } = pool.spec.template;
  const names = childNames(name);
  const labels = ownLabels(name);
  const { containers } = spec;
  const worker = handlersContainer(pool);
  const ownsServiceAccount = spec.serviceAccountName !== undefined || spec.automountServiceAccountToken !== undefined;
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: {
      name: names.deployment,
      namespace,
      labels,
      ownerReferences: [ownerReference(pool, { controller: true, blockOwnerDeletion: true })],
    },
    spec: {
      replicas,
      // Said, so that a rollout that was stopped while the pool was paused goes on.
      paused: false,
      // A new pod works before an old one is asked to stop, so a rollout never lowers what the queue gets.
      ...{ strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: "25%", maxUnavailable: 0 } } },
      ...{ revisionHistoryLimit: 3, selector: { matchLabels: poolSelector(name) } },
      template: {
        metadata: {
          labels: poolLabels(pool),
          annotations: {
            ...metadata?.annotations,
            ...(worker && { [workerContainerAnnotation]: worker.name }),
            [configurationHashAnnotation]: configurationHash,
            ...(credentialsGeneration > 1 && { [credentialsGenerationAnnotation]: String(credentialsGeneration) }),
          },
        },
        spec: {
          // Workers talk to the broker, not to the API server; who needs a token names a service account.
          ...(ownsServiceAccount ? {} : { automountServiceAccountToken: false }),
          ...spec,
          containers: containers.map((container) =>
            container === worker ? workerContainer(container, keyring !== undefined) : container,
          ),
          volumes: named(spec.volumes, [
            { name: "jobwright-configuration", configMap: { name: names.configuration } },
            { name: "jobwright-credentials", secret: { secretName: workerSecret(name, credentialsGeneration) } },
            ...(keyring === undefined ? [] : [{ name: "jobwright-keyring", secret: { secretName: keyring } }]),
          ]),
          // The worker tells its handlers shortly before, and ends by itself.
          terminationGracePeriodSeconds: Math.ceil(parseDuration(pool.spec.drainTimeout) / 1000),
        },
      },
    },
  };
}
