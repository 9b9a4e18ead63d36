import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readCluster } from "../../cluster/index.ts";
import { installMonitoringKinds } from "../../cluster/monitoring-kinds.ts";
import { kubectl } from "../operator/kubectl.ts";
import { helm, template } from "./render.ts";

const root = join(import.meta.dirname, "../../..");
const values = (path: string): Record<string, unknown> => parse(readFileSync(join(root, path), "utf8"));

beforeAll(() => installMonitoringKinds(readCluster().kubeconfig));

/**
 * What the API server says to these manifests, without keeping them: it knows all that a schema says and what only it checks as
 * well, and with strict validation it refuses a field that it does not know.
 */
async function refusal(manifests: string): Promise<string> {
  const { stdout, stderr } = await kubectl(["apply", "--dry-run=server", "--validate=strict", "-f", "-"], manifests);
  expect(stdout).toContain("server dry run");
  // It is an object that Helm, or somebody, made.
  return stderr.replace(/^Warning: resource .* is missing the .*last-applied-configuration.*\n/gm, "");
}

/** In a namespace that is there, with a service account that is: of a pod it is asked for. */
function rendered(of: Record<string, unknown>): string {
  const there = { ...of, serviceAccount: { create: true, name: "default" } };
  return helm("template", there, "--namespace", "default", "--kube-version", "1.34.0");
}

/** Every value set and everything switched on. */
function everything(watchNamespaces: readonly string[]): Record<string, unknown> {
  const every = values("test/integration/chart/every-value.yaml");
  const on = { rbac: { create: true }, podDisruptionBudget: { enabled: true, maxUnavailable: "77%" } };
  return { ...every, ...on, service: { ...(every.service as object), enabled: true }, watchNamespaces };
}

describe("the API server accepts what the chart renders", () => {
  test("by default", async () => {
    expect(await refusal(rendered({ broker: { secretName: "rabbitmq" } }))).toBe("");
  });

  test("with every value set and everything switched on", async () => {
    expect(await refusal(rendered(everything(["default", "kube-public"])))).toBe("");
  });

  test("with the values of the production example", async () => {
    expect(await refusal(rendered(values("examples/production/values.yaml")))).toBe("");
  });

  test("where names are numbers to YAML, which may not begin a Service's", async () => {
    const namespace = `${process.pid}`;
    const numbers = { ...everything([namespace]), fullnameOverride: "", priorityClassName: "1e3" };
    await kubectl(["create", "namespace", namespace]);
    try {
      const flags = ["--namespace", namespace, "--kube-version", "1.34.0", "--skip-tests"];
      expect(await refusal(template("123", numbers, ...flags))).toBe("");
    } finally {
      await kubectl(["delete", "namespace", namespace, "--wait=false"]);
    }
  });
});
