import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { statePath } from "./paths.ts";

const directory = statePath("audit");
const policyPath = statePath("audit-policy.json");

/** Who asked for what and was it allowed: what service accounts of workloads do, without bodies. Nothing else is written down. */
const policy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  // Watches are told of when they begin, everything else when it is answered.
  omitStages: ["RequestReceived"],
  rules: [
    { level: "None", userGroups: ["system:serviceaccounts:kube-system"] },
    { level: "Metadata", userGroups: ["system:serviceaccounts"] },
    { level: "None" },
  ],
};

/** Writes the policy, and makes the folder that the API server keeps its log in. */
export function prepareAuditLog(): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(policyPath, JSON.stringify(policy));
}

/** Has the API server keep an audit log: at most 200 MB, the oldest go. */
export const auditLogFlags = [
  `--audit-policy-file=${policyPath}`,
  `--audit-log-path=${join(directory, "audit.log")}`,
  "--audit-log-maxsize=100",
  "--audit-log-maxbackup=1",
];

/** The lines of the audit log, the rotated ones included; undefined where the API server keeps none. */
export function readAuditLog(): string[] | undefined {
  try {
    const files = readdirSync(directory).map((file) => readFileSync(join(directory, file), "utf8"));
    return files.length === 0 ? undefined : files.flatMap((text) => text.split("\n").filter((line) => line !== ""));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
