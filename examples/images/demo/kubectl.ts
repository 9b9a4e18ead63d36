import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** The cluster that a demo works on: kubectl, helm and the API server's own HTTP interface. */
export interface Kube extends AsyncDisposable {
  /** Runs kubectl and returns what it printed. @throws Error with its words. */
  kubectl(...args: string[]): Promise<string>;
  /** Applies an object. */
  apply(object: object): Promise<void>;
  /** Runs helm and returns what it printed. @throws Error with its words. */
  helm(...args: string[]): Promise<string>;
  /** GET of a path of the API server, such as `/api/v1/namespaces/images/services/recorder:http/proxy/events`. */
  get(path: string): Promise<Response>;
}

/**
 * Connects to the cluster of a kubeconfig, with the kubectl and helm of `binDirectory`. A `kubectl proxy` on loopback serves {@link Kube.get}, so that every kind of
 * login that kubectl knows works here too.
 */
export async function connectKube(kubeconfig: string, binDirectory: string): Promise<Kube> {
  const env = { ...process.env, KUBECONFIG: kubeconfig };
  const program = (name: string) => join(binDirectory, name);
  const run = async (command: string, args: string[]) => {
    try {
      return (await execute(program(command), args, { env, maxBuffer: 2 ** 26 })).stdout;
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      throw new Error(`${command} ${args.join(" ")}: ${stderr?.trim() || String(error)}`);
    }
  };
  const proxy = spawn(program("kubectl"), ["proxy", "--port=0"], { env, stdio: ["ignore", "pipe", "inherit"] });
  // Also where the demo is interrupted.
  process.once("exit", () => proxy.kill());
  const [line] = await Promise.race([
    once(createInterface(proxy.stdout), "line") as Promise<[string]>,
    once(proxy, "exit").then(() => [""]),
  ]);
  const address = /127\.0\.0\.1:\d+/.exec(line)?.[0];
  if (address === undefined) throw new Error(`kubectl proxy did not start: ${line}`);
  return {
    kubectl: (...args) => run("kubectl", args),
    helm: (...args) => run("helm", args),
    async apply(object) {
      const child = execute(program("kubectl"), ["apply", "-f", "-"], { env });
      child.child.stdin?.end(JSON.stringify(object));
      await child;
    },
    get: (path) => fetch(`http://${address}${path}`, { signal: AbortSignal.timeout(20_000) }),
    async [Symbol.asyncDispose]() {
      if (proxy.exitCode !== null) return;
      proxy.kill();
      await once(proxy, "exit");
    },
  };
}

/** Reads an object as JSON; undefined when there is none. @throws Error with the API server's words. */
export async function read<T>(kube: Kube, path: string): Promise<T | undefined> {
  const response = await kube.get(path);
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as T;
}
