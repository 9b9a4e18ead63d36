import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Broker } from "./server.ts";

/** A virtual host of a test's own. `await using` deletes it when the test ends. */
export interface Vhost extends AsyncDisposable {
  name: string;
  /** The administrator's AMQP address of this vhost. */
  amqpUrl: string;
}

/**
 * Makes a vhost with a name that no other test has, in which the administrator may do everything.
 * @param prefix names the test, for whoever looks at the broker while it runs.
 */
export async function createVhost(broker: Broker, prefix = "test"): Promise<Vhost> {
  const name = `${prefix}-${randomBytes(4).toString("hex")}`;
  await manage(broker, "PUT", `/api/vhosts/${encodeURIComponent(name)}`, {});
  // Asked again because its answer was late, a busy broker says yes while it is at the first still.
  while (!(await isRunning(broker, name))) await pause(100);
  // Whoever makes a vhost is given its permissions by RabbitMQ; said again here so that it does not rest on that.
  await manage(broker, "PUT", `/api/permissions/${encodeURIComponent(name)}/${encodeURIComponent(broker.username)}`, {
    configure: ".*",
    write: ".*",
    read: ".*",
  });
  return {
    name,
    amqpUrl: `${broker.amqpUrl}/${encodeURIComponent(name)}`,
    [Symbol.asyncDispose]: () => deleteVhost(broker, name),
  };
}

/** Whether the broker lets anybody connect to a vhost. */
async function isRunning(broker: Broker, name: string): Promise<boolean> {
  const path = `/api/vhosts/${encodeURIComponent(name)}?disable_stats=true&columns=cluster_state`;
  const { cluster_state: states = {} } = (await manage(broker, "GET", path)) as { cluster_state?: object };
  return Object.values(states).every((state) => state === "running");
}

/** Deletes a vhost with all its queues, exchanges and policies; connections to it are closed. Gone already is fine. */
export async function deleteVhost(broker: Broker, name: string): Promise<void> {
  await manage(broker, "DELETE", `/api/vhosts/${encodeURIComponent(name)}`);
}

/** An answer to one request may take as long. To delete a vhost is to end each of its queues: on a busy broker that takes a while. */
const answerLimitMs = { GET: 25_000, PUT: 25_000, POST: 25_000, DELETE: 55_000 } as const;

/**
 * Asks a broker's management API as its administrator.
 * @param path with each part percent-encoded, for example `/api/queues/my%2Fvhost/jobs`.
 * @returns the answer's JSON, or undefined when it has none. A DELETE of what is not there is no error.
 * @throws when it answers with another error; the message carries its words.
 */
export async function manage(
  broker: Pick<Broker, "managementUrl" | "username" | "password">,
  method: "GET" | "PUT" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<unknown> {
  const asked = () =>
    fetch(new URL(path, broker.managementUrl), {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`${broker.username}:${broker.password}`).toString("base64")}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerLimitMs[method]),
    });
  const response = await answerTo(asked, { mayRepeat: method !== "POST" }).catch((error: unknown) => {
    throw unanswered(error, method, path);
  });
  const text = await response.text();
  if (!response.ok && !(method === "DELETE" && response.status === 404)) {
    throw new Error(`${method} ${path} of RabbitMQ's management API answered ${response.status}: ${text}`);
  }
  return text === "" ? undefined : JSON.parse(text);
}

/**
 * What may be said twice is asked twice more: a busy broker has been seen to leave a request without an answer for good, and it
 * closes a connection that was idle for five seconds, which a busy test may be using for the next request at that moment.
 */
async function answerTo(ask: () => Promise<Response>, { mayRepeat }: { mayRepeat: boolean }): Promise<Response> {
  for (let again = mayRepeat ? 2 : 0; ; again -= 1) {
    try {
      return await ask();
    } catch (error) {
      if (again === 0 || !(isTimeout(error) || isClosedConnection(error))) throw error;
    }
  }
}

function isClosedConnection(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as { code?: string };
  return ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(code ?? "");
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}

function unanswered(error: unknown, method: keyof typeof answerLimitMs, path: string): Error {
  const why = isTimeout(error) ? `no answer within ${answerLimitMs[method] / 1000} s` : String(error);
  return new Error(`${method} ${path} of RabbitMQ's management API: ${why}`, { cause: error });
}
