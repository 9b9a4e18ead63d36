import { run } from "../cluster/command.ts";
import { findProgram, installPackages } from "../cluster/packages.ts";

/** Path of `prometheus` or `promtool`, installed with apt when it is missing; no service is started. */
export async function prometheusProgram(name: "prometheus" | "promtool"): Promise<string> {
  if (findProgram(name) === undefined) await installPackages(["prometheus"]);
  const path = findProgram(name);
  if (path === undefined) throw new Error(`the Debian package prometheus was installed, but ${name} is not there`);
  return path;
}

/**
 * Runs `promtool`, for example `promtool("check", "rules", file)`; resolves to what it prints.
 * @throws CommandError with what it found.
 */
export async function promtool(...args: string[]): Promise<string> {
  return run(await prometheusProgram("promtool"), args);
}
