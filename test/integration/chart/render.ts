import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { binary } from "../../cluster/binaries.ts";

const chart = join(import.meta.dirname, "../../../charts/jobwright");

/** A rendered object; tests look into it by path. */
export interface Rendered {
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: unknown;
  rules?: unknown;
  subjects?: unknown;
}

/** Renders the chart as release `jw` in a namespace. @throws Error with Helm's words when it refuses. */
export function render(values: Record<string, unknown>, namespace = "jobwright-system"): Rendered[] {
  const text = helm("template", values, "--namespace", namespace, "--kube-version", "1.34.0");
  return parseAllDocuments(text).flatMap((document) => (document.contents === null ? [] : [document.toJS()]));
}

/** What the API server would be sent by an install of the chart as `release`. @throws Error with Helm's words when it refuses. */
export function dryRun(kubeconfig: string, release: string, values: Record<string, unknown>): string {
  const flags = ["--values", "-", "--dry-run=server", "--kubeconfig", kubeconfig, "--namespace", "jobwright-system"];
  return run(["install", release, chart, ...flags], values);
}

/** What Helm prints with the chart; values are given as a file on standard input. @throws Error with its words. */
export function helm(command: "template" | "lint", values: Record<string, unknown>, ...flags: string[]): string {
  return command === "template"
    ? template("jw", values, ...flags)
    : run([command, chart, "--values", "-", ...flags], values);
}

/** The chart as a release of this name. @throws Error with Helm's words. */
export function template(release: string, values: Record<string, unknown>, ...flags: string[]): string {
  return run(["template", release, chart, "--values", "-", ...flags], values);
}

function run(args: readonly string[], values: Record<string, unknown>): string {
  try {
    return execFileSync(binary("helm"), args, {
      input: JSON.stringify(values),
      encoding: "utf8",
      stdio: ["pipe", "pipe", "pipe"],
    });
  } catch (error) {
    throw new Error(String((error as { stderr?: string }).stderr));
  }
}
