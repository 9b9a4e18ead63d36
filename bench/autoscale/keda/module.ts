import { join } from "node:path";
import { run } from "../../../test/cluster/command.ts";

/** KEDA's custom resource definitions, as its Go module has them. */
export async function definitionsFolder(): Promise<string> {
  const cwd = join(import.meta.dirname, "go");
  await run("go", ["mod", "download", "github.com/kedacore/keda/v2"], { cwd });
  const folder = await run("go", ["list", "-m", "-f", "{{.Dir}}", "github.com/kedacore/keda/v2"], { cwd });
  return join(folder.trim(), "config/crd/bases");
}
