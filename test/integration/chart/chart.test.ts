import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { binary } from "../../cluster/binaries.ts";
import { readCluster } from "../../cluster/index.ts";
import { dryRun, helm, type Rendered, render } from "./render.ts";

const crdFolder = join(import.meta.dirname, "../../../crds");
const ruleFolder = join(import.meta.dirname, "../../../charts/jobwright/files/rules");
const values = { broker: { secretName: "rabbitmq" } };

function only(objects: Rendered[], kind: string): Rendered {
  const [found, ...others] = objects.filter((object) => object.kind === kind);
  if (found === undefined || others.length > 0) throw new Error(`expected one ${kind}, found ${others.length + 1}`);
  return found;
}

interface PodSpec {
  securityContext: unknown;
  containers: [{ image: string; env: { name: string; value?: string }[]; securityContext: unknown }];
}

function deployment(objects: Rendered[]) {
  const { spec } = only(objects, "Deployment") as Rendered & {
    spec: { replicas: number; strategy?: { type: string }; template: { spec: PodSpec } };
  };
  const [container] = spec.template.spec.containers;
  return {
    ...spec,
    pod: spec.template.spec,
    container,
    env: Object.fromEntries(container.env.map((e) => [e.name, e.value])),
  };
}

describe("the chart", () => {
  test("lints", () => {
    expect(helm("lint", values, "--strict", "--kube-version", "1.34.0")).toContain("0 chart(s) failed");
  });

  test("needs no broker of its own: JobQueues then name theirs, and the notes say how", () => {
    expect(deployment(render({})).env.JOBWRIGHT_DEFAULT_BROKER_SECRET).toBe("");
  });

  test("refuses a value that it does not know", () => {
    expect(() => render({ ...values, replicas: 3 })).toThrow(/additional properties 'replicas' not allowed/);
    expect(() => render({ ...values, resync: "1 minute" })).toThrow(/resync/);
    const digest = { digest: "sha256:12" };
    expect(() => render({ ...values, image: digest })).toThrow(/image.*digest/s);
  });

  test("runs two replicas that elect a leader, with the restrictions of a restricted namespace", () => {
    const { replicas, pod, container, env } = deployment(render(values));
    expect(replicas).toBe(2);
    expect(env).toMatchObject({
      JOBWRIGHT_DEFAULT_BROKER_SECRET: "rabbitmq",
      JOBWRIGHT_LEADER_ELECT: "true",
      JOBWRIGHT_ALLOWED_VHOSTS: "",
    });
    expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test("elects a leader among several replicas even where leaderElection is off", () => {
    expect(deployment(render({ ...values, leaderElection: false })).env.JOBWRIGHT_LEADER_ELECT).toBe("true");
  });

  test("never runs two operators at once without leader election", () => {
    const { env, strategy } = deployment(render({ ...values, leaderElection: false, replicaCount: 1 }));
    expect(env.JOBWRIGHT_LEADER_ELECT).toBe("false");
    expect(strategy).toEqual({ type: "Recreate" });
  });

  test("hands the other settings to the operator", () => {
    const { env, container } = deployment(
      render({
        ...values,
        image: { repository: "registry.example/operator", tag: "1.2.3" },
        broker: { secretName: "rabbitmq", allowedVhosts: ["media", "mail"] },
        logLevel: "debug",
        logFormat: "ecs",
        resync: "5m",
      }),
    );
    expect(container.image).toBe("registry.example/operator:1.2.3");
    expect(env).toMatchObject({
      JOBWRIGHT_ALLOWED_VHOSTS: "media,mail",
      JOBWRIGHT_LOG_LEVEL: "debug",
      JOBWRIGHT_LOG_FORMAT: "ecs",
      JOBWRIGHT_RESYNC: "5m",
    });
  });

  test("installs the generated CRDs as they are, to be kept on uninstall", () => {
    const rendered = render(values).filter(({ kind }) => kind === "CustomResourceDefinition");
    const generated = readdirSync(crdFolder).map((file) => parse(readFileSync(join(crdFolder, file), "utf8")));
    expect(generated.length).toBeGreaterThan(0);
    expect(rendered).toHaveLength(generated.length);
    for (const crd of generated) {
      const found = rendered.find(({ metadata }) => metadata.name === crd.metadata.name);
      expect(found?.metadata.annotations).toEqual({
        "argocd.argoproj.io/sync-options": "Prune=false",
        "helm.sh/resource-policy": "keep",
      });
      expect(found?.spec).toEqual(crd.spec);
    }
  });

  test("leaves the CRDs out, or lets them go with the release, where asked", () => {
    const kinds = (extra: object) => render({ ...values, ...extra }).filter(({ kind }) => kind.startsWith("CustomRes"));
    expect(kinds({ crds: { enabled: false } })).toEqual([]);
    for (const { metadata } of kinds({ crds: { keep: false } })) expect(metadata.annotations).toBeUndefined();
  });

  test("gives its rights to the service account of its namespace, and Leases only there", () => {
    const objects = render(values);
    const subject = { kind: "ServiceAccount", name: "jw-jobwright", namespace: "jobwright-system" };
    expect(only(objects, "ClusterRoleBinding").subjects).toEqual([subject]);
    expect(only(objects, "RoleBinding").subjects).toEqual([subject]);
    expect(JSON.stringify(only(objects, "ClusterRole").rules)).not.toContain("leases");
    expect(only(objects, "Role").metadata.namespace).toBe("jobwright-system");
    expect(JSON.stringify(only(objects, "ClusterRole").rules)).not.toContain('"*"');
  });

  test("brings its rules as they are, with the labels that a Prometheus selects them by", () => {
    expect(render(values).filter(({ kind }) => kind === "PrometheusRule")).toEqual([]);
    const rules = { enabled: true, labels: { release: "kube-prometheus-stack" } };
    const { metadata, spec } = only(render({ ...values, monitoring: { rules } }), "PrometheusRule");
    expect(metadata.labels).toMatchObject(rules.labels);
    const files = readdirSync(ruleFolder).map((file) => parse(readFileSync(join(ruleFolder, file), "utf8")));
    expect(spec).toEqual({ groups: files.flatMap(({ groups }) => groups) });
  });

  test("uses a service account of the user's own", () => {
    const objects = render({ ...values, serviceAccount: { create: false, name: "mine" } });
    expect(objects.filter(({ kind }) => kind === "ServiceAccount")).toEqual([]);
    expect(only(objects, "RoleBinding").subjects).toMatchObject([{ name: "mine" }]);
    expect(() => render({ ...values, serviceAccount: { create: false } })).toThrow(/serviceAccount\.name is empty/);
  });

  test("refuses to be the second operator of a cluster, and names the first", () => {
    const { kubeconfig } = readCluster();
    const kubectl = (...args: string[]) => execFileSync(binary("kubectl"), ["--kubeconfig", kubeconfig, ...args]);
    const role = `chart-test-${process.pid}`;
    kubectl("create", "clusterrole", role, "--verb=get", "--resource=pods");
    try {
      kubectl("label", "clusterrole", role, "app.kubernetes.io/name=jobwright", "app.kubernetes.io/instance=first");
      expect(() => dryRun(kubeconfig, "second", values)).toThrow(/release first of namespace .* is installed already/);
    } finally {
      kubectl("delete", "clusterrole", role);
    }
  });
});
