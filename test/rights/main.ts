// Compares what the chart's roles allow the operator with what it asked the API server for, by the cluster's audit log:
// nothing may be allowed that was not used, and nothing asked for that was refused. It takes a whole run of the end-to-end tests.
//
//   node --conditions=source test/rights/main.ts                        all that the log has
//   node --conditions=source test/rights/main.ts --since 2026-01-31T10:00:00Z
import { join } from "node:path";
import { parseArgs } from "node:util";
import { parseAllDocuments } from "yaml";
import { readAuditLog } from "../cluster/audit-log.ts";
import { readCluster } from "../cluster/index.ts";
import { operatorNamespace, release } from "../e2e/installation.ts";
import { helm } from "../e2e/kubectl.ts";
import type { Audited } from "./audited.ts";
import { compareRights, type Rule } from "./compare.ts";
import { excuses } from "./excuses.ts";

/** A role, or what binds one. */
interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly name: string; readonly namespace: string }[];
}

const { since = "" } = parseArgs({ options: { since: { type: "string" } } }).values;
if (readCluster().external) {
  process.stdout.write("KUBECONFIG names a cluster of its own, whose audit log is not read: nothing is compared.\n");
  process.exit(0);
}

const chart = join(import.meta.dirname, "../../charts/jobwright");
const rendered = await helm(
  ...["template", release, chart, "--namespace", operatorNamespace, "--kube-version", "1.34.0"],
  ...["--set", "broker.secretName=rabbitmq"],
);
const objects = parseAllDocuments(rendered).flatMap((document): Rendered[] => document.toJS() ?? []);
const bindings = objects.filter(({ roleRef }) => roleRef !== undefined);
const holders = new Set(
  bindings.flatMap(({ subjects = [] }) => subjects.map((s) => `system:serviceaccount:${s.namespace}:${s.name}`)),
);
const rules = bindings.flatMap(({ metadata: { namespace }, roleRef }) => {
  const role = objects.find(
    ({ kind, metadata }) =>
      kind === roleRef?.kind &&
      metadata.name === roleRef.name &&
      (kind === "ClusterRole" || metadata.namespace === namespace),
  );
  return (role?.rules ?? []).map((rule) => (namespace === undefined ? rule : { ...rule, namespace }));
});

const log = readAuditLog();
if (log === undefined) {
  process.stderr.write("The API server keeps no audit log: npm run cluster -- down, and up again.\n");
  process.exit(1);
}
const requests = log
  .map((line): Audited => JSON.parse(line))
  .filter(({ user, requestReceivedTimestamp }) => holders.has(user.username) && requestReceivedTimestamp >= since);

const { unused, refused, idleExcuses } = compareRights(rules, requests, excuses);
const problems = [
  ...unused.map((right) => `allowed, and nothing used it: ${right}`),
  ...refused.map((message) => `refused: ${message}`),
  ...idleExcuses.map((right) => `excused in test/rights/excuses.ts, and used or not allowed at all: ${right}`),
];
process.stdout.write(`${requests.length} requests of ${[...holders].join(", ")} compared with the chart's roles\n`);
process.stderr.write(problems.map((problem) => `${problem}\n`).join(""));
process.exit(problems.length === 0 ? 0 : 1);
