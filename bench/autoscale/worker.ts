import { buildImage } from "../../test/cluster/index.ts";

const root = `${import.meta.dirname}/../..`;

/** The label by which a run's pods are known, whoever made them. */
export const runLabel = "jobwright.dev/bench-run";

/** The runtime's image with the handlers of the end-to-end tests, which tell the recorder what they do. */
export async function buildWorkerImage(): Promise<string> {
  const { reference: base } = await buildImage({
    context: root,
    target: "worker-runtime",
    tag: "jobwright/runtime:bench",
  });
  const { reference } = await buildImage({
    context: `${root}/test/e2e/handlers`,
    tag: "jobwright/handlers:bench",
    buildArguments: { BASE_IMAGE: base },
  });
  return reference;
}

/** A pod template of the worker: the same for every subject, but for what the operator adds to a pool's. */
export function workerTemplate(options: {
  readonly run: string;
  readonly image: string;
  readonly recorderUrl: string;
}) {
  const { run, image, recorderUrl } = options;
  return {
    metadata: { labels: { [runLabel]: run } },
    spec: {
      containers: [
        {
          name: "worker",
          image,
          imagePullPolicy: "Never",
          env: [{ name: "RECORDER_URL", value: recorderUrl }],
          resources: { requests: { cpu: "10m", memory: "32Mi" } },
        },
      ],
    },
  };
}

/** A Deployment of workers that know their queue from the command line, with no pod until somebody scales it. */
export function plainDeployment(options: {
  readonly namespace: string;
  readonly template: ReturnType<typeof workerTemplate>;
  /** With credentials and vhost. */
  readonly brokerUrl: string;
  readonly queue: string;
  /** How long a worker may finish what it runs; Kubernetes' default where left out. */
  readonly graceSeconds?: number | undefined;
}): object {
  const { namespace, template, brokerUrl, queue, graceSeconds } = options;
  const { labels } = template.metadata;
  const command = ["jobwright-worker", "jobs.ts", "--broker", brokerUrl, "--queue", queue];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: labels[runLabel], namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: {
        metadata: template.metadata,
        spec: {
          automountServiceAccountToken: false,
          ...(graceSeconds && { terminationGracePeriodSeconds: graceSeconds }),
          // As a pool's workers are probed.
          containers: template.spec.containers.map((container) => ({
            ...container,
            command,
            readinessProbe: { httpGet: { path: "/readyz", port: 9464 }, periodSeconds: 1, failureThreshold: 1 },
          })),
        },
      },
    },
  };
}
