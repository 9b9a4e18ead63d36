import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { Broker } from "../broker/server.ts";
import type { Cluster } from "./cluster.ts";
import { clusterEnvironment, renderExports } from "./environment.ts";

const broker = (version: "4.0" | "3.10", amqpPort: number): Broker => ({
  version,
  pid: 1,
  host: "10.244.0.1",
  podHost: "10.244.0.1",
  amqpPort,
  managementPort: 15640,
  prometheusPort: 15740,
  username: "admin",
  password: "s3cret",
  amqpUrl: `amqp://admin:s3cret@10.244.0.1:${amqpPort}`,
  managementUrl: "http://10.244.0.1:15640",
});

function cluster(brokers: Broker[]): Cluster {
  return {
    kubeconfig: "/state/kubeconfig",
    external: false,
    brokers,
    broker: () => {
      throw new Error("not asked for here");
    },
  };
}

test("the first broker is the default one, and each has variables of its own", () => {
  const variables = clusterEnvironment(cluster([broker("4.0", 5640), broker("3.10", 5610)]));
  expect(variables).toMatchObject({
    KUBECONFIG: "/state/kubeconfig",
    JOBWRIGHT_BROKER_VERSION: "4.0",
    JOBWRIGHT_BROKER_AMQP_URL: "amqp://admin:s3cret@10.244.0.1:5640",
    JOBWRIGHT_BROKER_40_AMQP_PORT: "5640",
    JOBWRIGHT_BROKER_310_AMQP_PORT: "5610",
    JOBWRIGHT_BROKER_310_POD_HOST: "10.244.0.1",
  });
});

test("a shell reads back exactly what was exported, quotes and dollars included", () => {
  const value = `it's "$HOME" \`x\`\n;`;
  const script = `${renderExports({ TRICKY: value })}printf %s "$TRICKY"`;
  expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(value);
});
