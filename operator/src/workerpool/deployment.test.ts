import { expect, test } from "vitest";
import type { WorkerPool } from "../api/objects.ts";
import { mayBeReadyWhenDrained, poolDeployment } from "./deployment.ts";

type Template = WorkerPool["spec"]["template"];

function pool(template: Template, drainTimeout = "5m"): WorkerPool {
  return {
    apiVersion: "jobwright.dev/v1alpha1",
    kind: "WorkerPool",
    metadata: {
      name: "mail",
      namespace: "post",
      uid: "u-1",
      generation: 1,
      creationTimestamp: "2026-01-01T00:00:00Z",
    },
    spec: {
      queueRef: { name: "mail" },
      template,
      concurrency: 1,
      minReplicas: 0,
      maxReplicas: 10,
      scaling: { mode: "Auto", targetWait: "30s", utilizationPercent: 85, scaleDownDelay: "30s", idleDelay: "60s" },
      paused: false,
      drainTimeout,
    },
  };
}

const handlers = { name: "handlers", image: "example/handlers:1" };

/** The pod template of a pool's Deployment. */
function podOf(template: Template, drainTimeout?: string) {
  const { spec } = poolDeployment(pool(template, drainTimeout), "hash", 3);
  return spec.template as {
    metadata: { labels: Record<string, string>; annotations: Record<string, string> };
    spec: { containers: Record<string, unknown>[]; volumes: unknown[] } & Record<string, unknown>;
  };
}

test("the Deployment has the pool's name, the number asked for, and the pool as its owner", () => {
  const deployment = poolDeployment(pool({ spec: { containers: [handlers] } }), "hash", 3);
  expect(deployment).toMatchObject({
    metadata: { name: "mail", namespace: "post", ownerReferences: [{ kind: "WorkerPool", uid: "u-1" }] },
    spec: { replicas: 3, selector: { matchLabels: { "jobwright.dev/pool": "mail" } } },
  });
});

test.each([
  [undefined, false],
  [{ httpGet: { path: "/readyz", port: 9464 }, periodSeconds: 5 }, false],
  [{ httpGet: { path: "/health", port: 8080 } }, true],
  [{ exec: { command: ["true"] } }, true],
])("a readiness probe %j may find a drained worker ready: %s", (readinessProbe, ready) => {
  const container = { ...handlers, ...(readinessProbe && { readinessProbe }) };
  expect(mayBeReadyWhenDrained(pool({ spec: { containers: [container] } }))).toBe(ready);
});

test("what the user put into the template stays", () => {
  const { metadata, spec } = podOf({
    metadata: { labels: { team: "post" }, annotations: { note: "kept" } },
    spec: {
      containers: [
        {
          ...handlers,
          env: [{ name: "SIZE", value: "3" }],
          volumeMounts: [{ name: "scratch", mountPath: "/scratch" }],
          ports: [{ containerPort: 8080 }],
          readinessProbe: { exec: { command: ["true"] } },
          resources: { limits: { memory: "1Gi" } },
        },
      ],
      volumes: [{ name: "scratch", emptyDir: {} }],
      tolerations: [{ operator: "Exists" }],
    },
  });
  expect(metadata.labels).toMatchObject({ team: "post", "jobwright.dev/pool": "mail" });
  expect(metadata.annotations).toMatchObject({ note: "kept", "jobwright.dev/configuration-hash": "hash" });
  expect(spec.tolerations).toEqual([{ operator: "Exists" }]);
  expect(spec.volumes[0]).toEqual({ name: "scratch", emptyDir: {} });
  const [container] = spec.containers;
  expect(container).toMatchObject({
    resources: { limits: { memory: "1Gi" } },
    readinessProbe: { exec: { command: ["true"] } },
    env: [{ name: "SIZE" }, { name: "JOBWRIGHT_POD_NAME" }],
    volumeMounts: [{ name: "scratch" }, { readOnly: true }, { readOnly: true }],
    ports: [{ containerPort: 8080 }, { containerPort: 9464 }],
  });
});

test("what the user calls as the operator does is replaced, since the runtime needs it", () => {
  const { metadata, spec } = podOf({
    metadata: { labels: { "jobwright.dev/pool": "another" } },
    spec: {
      containers: [{ ...handlers, env: [{ name: "JOBWRIGHT_POD_NAME", value: "me" }] }],
      volumes: [{ name: "jobwright-credentials", emptyDir: {} }],
    },
  });
  expect(metadata.labels["jobwright.dev/pool"]).toBe("mail");
  expect(spec.containers[0]?.env).toEqual([
    { name: "JOBWRIGHT_POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
  ]);
  expect(spec.volumes).toHaveLength(2);
});

test("a telemetry port that is declared already is not declared twice", () => {
  const { spec } = podOf({
    spec: { containers: [{ ...handlers, ports: [{ name: "metrics", containerPort: 9464 }] }] },
  });
  expect(spec.containers[0]?.ports).toEqual([{ name: "metrics", containerPort: 9464 }]);
});

test("of several containers, the one named worker runs the handlers", () => {
  const { spec } = podOf({ spec: { containers: [handlers, { name: "worker", image: "example/worker:1" }] } });
  expect(spec.containers[0]).toEqual(handlers);
  expect(spec.containers[1]).toHaveProperty("readinessProbe");
});

test("pods get no token of the API server unless the template speaks of one", () => {
  expect(podOf({ spec: { containers: [handlers] } }).spec.automountServiceAccountToken).toBe(false);
  const named = podOf({ spec: { containers: [handlers], serviceAccountName: "mailer" } });
  expect(named.spec).not.toHaveProperty("automountServiceAccountToken");
  const asked = podOf({ spec: { containers: [handlers], automountServiceAccountToken: true } });
  expect(asked.spec.automountServiceAccountToken).toBe(true);
});

test.each([
  ["5m", 300],
  ["90s", 90],
  ["1500ms", 2],
])("drainTimeout %s is a grace period of %d s", (drainTimeout, seconds) => {
  expect(podOf({ spec: { containers: [handlers] } }, drainTimeout).spec.terminationGracePeriodSeconds).toBe(seconds);
});

test("the keys of a queue that encrypts are mounted where the runtime looks for them, and only then", () => {
  const { spec } = poolDeployment(pool({ spec: { containers: [handlers] } }), "hash", 1, "mail-keys");
  const { containers, volumes } = (
    spec.template as { spec: { containers: Record<string, unknown>[]; volumes: unknown[] } }
  ).spec;
  expect(volumes).toContainEqual({ name: "jobwright-keyring", secret: { secretName: "mail-keys" } });
  expect(containers[0]?.volumeMounts).toContainEqual({
    ...{ name: "jobwright-keyring", mountPath: "/etc/jobwright/keyring", readOnly: true },
  });
  expect(JSON.stringify(podOf({ spec: { containers: [handlers] } }))).not.toContain("keyring");
});

test("the same pool gives the same Deployment, letter by letter", () => {
  const make = () => JSON.stringify(poolDeployment(pool({ spec: { containers: [handlers] } }), "hash", 3));
  expect(make()).toBe(make());
});
