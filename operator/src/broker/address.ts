import { BrokerSecretInvalid } from "./errors.ts";

/** Where a broker is, who we are there, and which vhost is meant. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  /** PEM of the CA that signed the broker's certificate; absent: the system's CAs. */
  readonly ca?: string;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** Base of the management API, without `/api` and without a slash at the end. */
  readonly managementUrl: string;
}

/** What {@link brokerAddress} reads. */
export interface BrokerAddressSource {
  /** The Secret's data, decoded: what RabbitMQ's cluster operator writes works as it is. */
  readonly secret: Readonly<Record<string, string>>;
  /** PEM of a private CA. Giving one turns TLS on. */
  readonly ca?: string;
  /** Goes before the vhost that the Secret names. */
  readonly vhost?: string;
}

/**
 * Reads the Secret's keys `host`, `port`, `username`, `password`, and where present `connection_string`,
 * `management-uri`, `virtual-host` (or `vhost`) and `ca.crt`. A key of its own goes before the same part of `connection_string`.
 *
 * @throws BrokerSecretInvalid naming the key.
 */
export function brokerAddress({ secret, ca, vhost }: BrokerAddressSource): BrokerAddress {
  const uri = connectionString(secret);
  const trusted = ca ?? secret["ca.crt"];
  const host = (secret.host ?? uri?.hostname.replace(/^\[|\]$/g, "") ?? "").trim();
  if (host === "") throw missing("host");
  if (!/^[\w.:-]+$/.test(host)) {
    // Whoever puts a whole URI there has put the password there.
    throw new BrokerSecretInvalid(
      "host",
      'the broker Secret\'s key "host" is not a host\'s name or address: put a URI into "connection_string"',
    );
  }
  const username = secret.username ?? decoded(uri?.username);
  if (!username) throw missing("username");
  const password = secret.password ?? decoded(uri?.password);
  if (!password) throw missing("password");
  const amqps = uri?.protocol === "amqps:";
  const port = portOf(secret.port ?? uri?.port, amqps || trusted !== undefined);
  const tls = amqps || trusted !== undefined || port === 5671;
  return {
    host,
    port,
    tls,
    ...(trusted === undefined ? {} : { ca: trusted }),
    username,
    password,
    vhost: vhost ?? secret["virtual-host"] ?? secret.vhost ?? (decoded(uri?.pathname.slice(1)) || "/"),
    managementUrl: managementUrl(secret["management-uri"], host, tls),
  };
}

function connectionString(secret: Readonly<Record<string, string>>): URL | undefined {
  const text = secret.connection_string?.trim();
  if (!text) return undefined;
  const uri = URL.parse(text);
  if (uri === null || !["amqp:", "amqps:"].includes(uri.protocol)) {
    // Its value holds the password, so it is not repeated.
    throw new BrokerSecretInvalid(
      "connection_string",
      'the broker Secret\'s key "connection_string" is not a URI that begins with amqp:// or amqps://',
    );
  }
  return uri;
}

function decoded(part: string | undefined): string | undefined {
  if (part === undefined || part === "") return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BrokerSecretInvalid(
      "connection_string",
      'the broker Secret\'s key "connection_string" has a "%" that is not followed by two hexadecimal digits',
    );
  }
}

function missing(key: string): BrokerSecretInvalid {
  return new BrokerSecretInvalid(
    key,
    `the broker Secret has no key "${key}" (nor a "connection_string" that tells it): ` +
      "expected host, port, username and password, as RabbitMQ's cluster operator writes them",
  );
}

function portOf(text: string | undefined, tls: boolean): number {
  if (text === undefined || text.trim() === "") return tls ? 5671 : 5672;
  const port = Number(text.trim());
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new BrokerSecretInvalid("port", 'the broker Secret\'s key "port" is not a whole number from 1 to 65535');
  }
  return port;
}

function managementUrl(given: string | undefined, host: string, tls: boolean): string {
  if (given === undefined || given.trim() === "") {
    const bracketed = host.includes(":") ? `[${host}]` : host;
    return tls ? `https://${bracketed}:15671` : `http://${bracketed}:15672`;
  }
  const url = URL.parse(given.trim());
  if (url === null || !["http:", "https:"].includes(url.protocol)) {
    throw new BrokerSecretInvalid(
      "management-uri",
      'the broker Secret\'s key "management-uri" is not a URL that begins with http:// or https://',
    );
  }
  // The credentials are sent as a header; those that a URL may carry are not ours to use.
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, "").replace(/\/api$/, "")}`;
}
