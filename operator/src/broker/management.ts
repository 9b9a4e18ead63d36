import { Agent, type Dispatcher, request } from "undici";
import type { BrokerAddress } from "./address.ts";
import { ManagementError } from "./errors.ts";
import { codeOf, managementUnreachable, notManagement, refusal } from "./refusal.ts";

/** Listing a big vhost takes a second or two; what takes longer than this does not come any more. */
const answerLimitMs = 15_000;
const connectLimitMs = 5_000;
/** A listing has a few hundred bytes for a queue or binding. What is longer is no RabbitMQ, and would take the memory of all. */
const answerLimitBytes = 64 * 1024 * 1024;
/** RabbitMQ's reasons are a sentence. */
const reasonLimit = 300;

/** One path segment (a vhost's or a queue's name) made fit for a URL: `/` becomes `%2F`. */
export const segment = encodeURIComponent;

/**
 * RabbitMQ's management API. Paths begin after `/api/`. Every call ends within a time limit and throws
 * CredentialsRefused, NotAdministrator, VhostAccessRefused, BrokerUnreachable, ManagementMissing or
 * ManagementError (errors.ts). All calls made here may be repeated without harm.
 */
export interface Management extends AsyncDisposable {
  /** The answer's JSON; undefined if there is no such thing (404). */
  find(path: string): Promise<unknown>;
  /** The answer's JSON. */
  get(path: string): Promise<unknown>;
  put(path: string, body: unknown): Promise<void>;
  post(path: string, body: unknown): Promise<unknown>;
  /** Deletes it; nothing happens if it is gone already. */
  remove(path: string): Promise<void>;
}

/**
 * Opens a client with its own kept-alive connections; dispose of it to close them.
 *
 * @param onCall told of each call's method before it is made.
 */
export function openManagement(address: BrokerAddress, onCall: (method: string) => void = () => {}): Management {
  const agent = new Agent({
    // Enough for a resync beside a repair; a broker's management listener is no load generator's target.
    connections: 8,
    connect: { timeout: connectLimitMs, ...(address.ca === undefined ? {} : { ca: address.ca }) },
    headersTimeout: answerLimitMs,
    bodyTimeout: answerLimitMs,
    maxResponseSize: answerLimitBytes,
  });
  const authorization = `Basic ${Buffer.from(`${address.username}:${address.password}`).toString("base64")}`;

  async function call(method: Dispatcher.HttpMethod, path: string, body?: unknown) {
    const url = `${address.managementUrl}/api/${path}`;
    const options = {
      method,
      dispatcher: agent,
      headers: { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerLimitMs),
    };
    onCall(method);
    try {
      const answer = await request(url, options).catch((error: unknown) => {
        // A kept-alive socket may have died with the broker's last restart; a fresh one tells the truth.
        if (isDeadSocket(error)) return request(url, options);
        throw error;
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch (error) {
      throw await managementUnreachable(address, error);
    }
  }

  async function answered(method: Dispatcher.HttpMethod, path: string, body?: unknown) {
    const { status, text } = await call(method, path, body);
    const json = parse(text);
    if (status < 300) {
      if (json === undefined && text.trim() !== "") throw notManagement(address);
      return { found: true, json };
    }
    const said = reasonIn(json);
    if (status === 404) {
      // RabbitMQ answers in JSON; a plain page means that something else listens there.
      if (json === undefined) throw notManagement(address);
      return { found: false, json };
    }
    throw refusal(address, `${method} /api/${path}`, status, said);
  }

  return {
    async find(path) {
      const { found, json } = await answered("GET", path);
      return found ? json : undefined;
    },
    async get(path) {
      const { found, json } = await answered("GET", path);
      if (!found) throw new ManagementError(`GET /api/${path}`, 404, "Not Found");
      return json;
    },
    async put(path, body) {
      const { found } = await answered("PUT", path, body);
      if (!found) throw new ManagementError(`PUT /api/${path}`, 404, "Not Found");
    },
    async post(path, body) {
      const { found, json } = await answered("POST", path, body);
      if (!found) throw new ManagementError(`POST /api/${path}`, 404, "Not Found");
      return json;
    },
    async remove(path) {
      await answered("DELETE", path);
    },
    async [Symbol.asyncDispose]() {
      await agent.destroy();
    },
  };
}

function isDeadSocket(error: unknown): boolean {
  return ["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"].includes(codeOf(error) ?? "");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * RabbitMQ's own reason. A page that is none of its answers is not repeated: a Secret may lead to any server that the operator
 * reaches, and what that one says is not for whoever wrote the Secret.
 */
function reasonIn(json: unknown): string {
  if (typeof json === "object" && json !== null) {
    if ("reason" in json && typeof json.reason === "string") return json.reason.slice(0, reasonLimit);
    if ("error" in json && typeof json.error === "string") return json.error.slice(0, reasonLimit);
  }
  return "no reason that RabbitMQ would give";
}
