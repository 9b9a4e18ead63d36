import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigurationError } from "../errors.ts";
import { isWorkerDefinition, type WorkerDefinition } from "../worker-definition.ts";

/**
 * Loads the user's module. TypeScript works where Node strips its types.
 *
 * @throws ConfigurationError when there is no such module, or its default export is no worker. Errors of the module's
 * own are thrown as they are.
 */
export async function loadDefinition(file: string): Promise<WorkerDefinition> {
  const path = resolve(file);
  const url = pathToFileURL(path).href;
  let loaded: Record<string, unknown>;
  try {
    loaded = await import(url);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND" && "url" in error) {
      if (error.url === url) throw new ConfigurationError(`there is no file ${path}`);
    }
    throw error;
  }
  const definition = loaded.default;
  if (!isWorkerDefinition(definition)) {
    throw new ConfigurationError(
      `the default export of ${path} is not a worker: expected export default defineWorker({ jobs: [ … ] })`,
    );
  }
  return definition;
}
