import { maxReplicas } from "../traces.ts";

/** How a ScaledObject is set up. What is left out is as KEDA and Kubernetes have it by default. */
export interface KedaSettings {
  /** Messages for each replica. */
  readonly queueLength?: number;
  /** `amqp` counts what is ready, `http` what is delivered and unacknowledged, too. */
  readonly protocol: "amqp" | "http";
  readonly pollingSeconds?: number;
  /** Fewer replicas are kept only once fewer were enough for so long, and none once nothing waited for so long. */
  readonly scaleDownSeconds?: number;
}

/** The objects by which KEDA scales a Deployment by the depth of a queue. */
export function scaledObject(options: {
  readonly namespace: string;
  readonly deployment: string;
  readonly queue: string;
  readonly vhost: string;
  /** With credentials, and without a vhost. */
  readonly amqpUrl: string;
  readonly httpUrl: string;
  readonly settings: KedaSettings;
}): object[] {
  const { namespace, deployment: name, queue, vhost, amqpUrl, httpUrl, settings } = options;
  const { queueLength, protocol, pollingSeconds, scaleDownSeconds } = settings;
  return [
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${name}-keda`, namespace },
      stringData: { host: `${protocol === "amqp" ? amqpUrl : httpUrl}/` },
    },
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "TriggerAuthentication",
      metadata: { name, namespace },
      spec: { secretTargetRef: [{ parameter: "host", name: `${name}-keda`, key: "host" }] },
    },
    {
      apiVersion: "keda.sh/v1alpha1",
      kind: "ScaledObject",
      metadata: { name, namespace },
      spec: {
        scaleTargetRef: { name },
        minReplicaCount: 0,
        maxReplicaCount: maxReplicas,
        ...(pollingSeconds && { pollingInterval: pollingSeconds }),
        ...(scaleDownSeconds && {
          cooldownPeriod: scaleDownSeconds,
          advanced: { horizontalPodAutoscalerConfig: { behavior: behavior(scaleDownSeconds) } },
        }),
        triggers: [
          {
            type: "rabbitmq",
            metadata: {
              ...{ protocol, queueName: queue, vhostName: vhost },
              ...(queueLength && { mode: "QueueLength", value: `${queueLength}` }),
            },
            authenticationRef: { name },
          },
        ],
      },
    },
  ];
}

/** To as many as are wanted at once. */
const behavior = (scaleDownSeconds: number) => ({
  scaleUp: { stabilizationWindowSeconds: 0, policies: [{ type: "Pods", value: maxReplicas, periodSeconds: 1 }] },
  scaleDown: { stabilizationWindowSeconds: scaleDownSeconds },
});
