import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Options, SocketOptions } from "amqplib";
import { type Binding, binding } from "../contract/index.ts";
import { ConfigurationError } from "../errors.ts";

/** What amqplib's `connect` takes. */
export interface BrokerAddress {
  readonly connect: Options.Connect;
  readonly socket: SocketOptions;
}

/** Asked for at every connect, so that a rotated password is followed without a restart. */
export type AddressSource = () => Promise<BrokerAddress>;

/**
 * Seconds between AMQP heartbeats. Two missed ones end the connection: 30 s finds a vanished broker within a minute,
 * and lets a handler that blocks the event loop for less than that keep its delivery.
 */
const heartbeatSeconds = 30;

/**
 * Address that a URI names: `amqp://user:password@host:5672/vhost`, `amqps://` for TLS. Without a path, vhost `/`.
 *
 * @throws ConfigurationError saying what is wrong with it, without its password.
 */
export function addressOfUri(uri: string, ca?: string): BrokerAddress {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !["amqp:", "amqps:"].includes(url.protocol) || url.hostname === "") {
    throw new ConfigurationError("the broker's address is not a URI such as amqp://user:password@host:5672/vhost");
  }
  if (![url.pathname, url.username, url.password].every(isPercentEncoded)) {
    throw new ConfigurationError(
      "the broker's address has a % in its user, password or vhost that is not followed by two hexadecimal digits of UTF-8: write % itself as %25",
    );
  }
  const tls = url.protocol === "amqps:";
  const vhost = decodeURIComponent(url.pathname.slice(1));
  return {
    connect: {
      protocol: tls ? "amqps" : "amqp",
      hostname: url.hostname.replace(/^\[|\]$/g, ""),
      port: url.port === "" ? (tls ? 5671 : 5672) : Number(url.port),
      username: url.username === "" ? "guest" : decodeURIComponent(url.username),
      password: url.password === "" ? "guest" : decodeURIComponent(url.password),
      // amqplib unescapes it once more.
      vhost: encodeURIComponent(vhost === "" ? "/" : vhost),
      heartbeat: heartbeatSeconds,
    },
    socket: ca === undefined ? {} : { ca: [ca] },
  };
}

function isPercentEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

/** Address that a binding names. Its `uri` says whether TLS is used. */
export function addressOfBinding(facts: Binding): BrokerAddress {
  return addressOfUri(facts.uri, facts["ca.crt"]);
}

/**
 * Reads a directory in Service Binding layout: one file a fact.
 *
 * @throws ConfigurationError naming the directory and the facts that are missing or wrong.
 */
export async function readBinding(directory: string): Promise<Binding> {
  const facts: Record<string, string> = {};
  for (const key of Object.keys(binding.shape)) {
    const text = await readFile(join(directory, key), "utf8").catch(ignoreMissing);
    if (text !== undefined) facts[key] = text.trim();
  }
  const parsed = binding.safeParse(facts);
  if (parsed.success) return parsed.data;
  if (Object.keys(facts).length === 0) {
    throw new ConfigurationError(
      `${directory} has none of the files of a binding: is it mounted? Expected the Secret that status.binding.name of the JobQueue names`,
    );
  }
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".")} (${issue.message})`).join(", ");
  throw new ConfigurationError(
    `${directory} is not a binding to a broker: ${wrong}. Expected the mounted Secret that status.binding.name of the JobQueue names`,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === "ENOENT") return undefined;
  throw error;
}
