import { createVhost, manage, type Broker as Server } from "../../broker/index.ts";

/** A vhost seen and changed by the broker's administrator, behind the operator's back. */
export interface VhostView extends AsyncDisposable {
  readonly vhost: string;
  /** One thing of the vhost: `find("queues", "a.b")`. Undefined where there is none. */
  find(kind: string, ...path: string[]): Promise<unknown>;
  /** Deletes one thing of the vhost. */
  remove(kind: string, ...path: string[]): Promise<void>;
  /** Makes one thing of the vhost, or changes it. */
  put(body: object, kind: string, ...path: string[]): Promise<void>;
  /** The keys of the bindings from an exchange to a queue. */
  bindingKeys(exchange: string, queue: string): Promise<string[]>;
  /** A user of the broker; undefined where there is none. */
  user(name: string): Promise<unknown>;
}

/** Makes a vhost. Disposed of, it goes, with the users whose names begin with `<prefix>.`. */
export async function createVhostView(server: Server, prefix: string): Promise<VhostView> {
  const vhost = await createVhost(server, prefix);
  return {
    vhost: vhost.name,
    find: (kind, ...path) => find(server, [kind, vhost.name, ...path]),
    async remove(kind, ...path) {
      await manage(server, "DELETE", apiPath([kind, vhost.name, ...path]));
    },
    async put(body, kind, ...path) {
      await manage(server, "PUT", apiPath([kind, vhost.name, ...path]), body);
    },
    async bindingKeys(exchange, queue) {
      const bindings = (await find(server, ["bindings", vhost.name, "e", exchange, "q", queue])) ?? [];
      return (bindings as { routing_key: string }[]).map(({ routing_key }) => routing_key);
    },
    user: (name) => find(server, ["users", name]),
    async [Symbol.asyncDispose]() {
      await vhost[Symbol.asyncDispose]();
      const users = (await manage(server, "GET", "/api/users")) as { name: string }[];
      for (const { name } of users) {
        if (name.startsWith(`${prefix}.`)) await manage(server, "DELETE", apiPath(["users", name]));
      }
    },
  };
}

function apiPath(parts: readonly string[]): string {
  return `/api/${parts.map(encodeURIComponent).join("/")}`;
}

async function find(server: Server, path: readonly string[]): Promise<unknown> {
  try {
    return await manage(server, "GET", apiPath(path));
  } catch (error) {
    if (error instanceof Error && error.message.includes("answered 404")) return undefined;
    throw error;
  }
}
