import { install, refusals, uninstall } from "./installation.ts";

/** Installs the operator for all test files; vitest calls it once. */
export default async function setup(): Promise<() => Promise<void>> {
  await install();
  return async () => {
    const forbidden = await refusals();
    await uninstall();
    if (forbidden.length > 0) {
      throw new Error(`the chart's RBAC lacks what the operator needs:\n${forbidden.slice(0, 10).join("\n")}`);
    }
  };
}
