import type { RequestOptions } from "node:https";
import { isDeepStrictEqual } from "node:util";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import { ConnectionError } from "./errors.ts";

// Ordinary calls share these; each watch holds a connection of its own, so watches have their own pool.
const MAX_CONNECTIONS = 16;
// Below the 90 s after which the API server closes an idle connection, so that no request meets a closing one.
const KEEP_ALIVE_MS = 45_000;
// Short: calls queue behind a connection that is being made, and leader election has seconds only.
const CONNECT_TIMEOUT_MS = 4_000;
// client-node builds an agent each time that it is asked for credentials; rotated ones are good for minutes yet.
const CREDENTIALS_MS = 1_000;

type Tls = Pick<RequestOptions, "ca" | "cert" | "key" | "servername" | "rejectUnauthorized">;
interface Pools {
  tls: Tls;
  calls: Dispatcher;
  watches: Dispatcher;
}

/** One HTTP request to the API server. */
export interface TransportRequest {
  method: Dispatcher.HttpMethod;
  path: string;
  query?: URLSearchParams;
  body?: string;
  contentType?: string;
  /** What the answer should be. Default: JSON. */
  accept?: string;
  /** A watch takes a connection of its own and may stay open for ever. */
  watch?: boolean;
  signal: AbortSignal;
}

/** What the API server answered: for metrics. Watches are told when they begin. */
export interface Answered {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly status: number;
}

/** Sends authenticated requests over connections that are kept. */
export interface Transport {
  /** Resolves when the headers are there. Rejects with `ConnectionError`, or with the signal's reason once that is aborted. */
  send(request: TransportRequest): Promise<Dispatcher.ResponseData>;
  /** Cuts every connection. */
  close(): void;
}

/**
 * client-node supplies credentials (service-account tokens read again as they rotate, exec plugins, certificates), undici the
 * HTTP. client-node's own calls build a dispatcher each, so every call would open a new connection; here the pools live
 * until the certificates change.
 */
export function createTransport(
  config: KubeConfig,
  userAgent: string,
  onAnswer: (answered: Answered) => void = () => {},
): Transport {
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    throw new Error(
      `kubeconfig: the current context "${config.getCurrentContext()}" names no cluster; set current-context to one of: ${config
        .getContexts()
        .map((context) => context.name)
        .join(", ")}.`,
    );
  }
  const server = cluster.server.replace(/\/+$/, "");
  let known: { readonly sinceMs: number; readonly options: Promise<RequestOptions> } | undefined;

  function credentials(): Promise<RequestOptions> {
    if (known !== undefined && Date.now() - known.sinceMs < CREDENTIALS_MS) return known.options;
    const options: RequestOptions = {};
    const mine = { sinceMs: Date.now(), options: config.applyToHTTPSOptions(options).then(() => options) };
    known = mine;
    mine.options.catch(() => {
      if (known === mine) known = undefined;
    });
    return mine.options;
  }
  let pools: Pools | undefined;

  function poolsFor(tls: Tls): Pools {
    if (pools === undefined || !isDeepStrictEqual(pools.tls, tls)) {
      // Requests under way on the old connections end by themselves.
      void pools?.calls.close();
      void pools?.watches.close();
      pools = {
        tls,
        calls: createPool(cluster?.proxyUrl, tls, MAX_CONNECTIONS),
        watches: createPool(cluster?.proxyUrl, tls, null),
      };
    }
    return pools;
  }

  return {
    async send({ method, path, query, body, contentType, accept = "application/json", watch, signal }) {
      // An exec plugin runs without a time limit of its own.
      const options = await aborting(credentials(), signal);
      const { ca, cert, key, servername, rejectUnauthorized } = options;
      const { calls, watches } = poolsFor(definedOnly({ ca, cert, key, servername, rejectUnauthorized }));
      const headers: Record<string, string> = { accept, "user-agent": userAgent };
      for (const [name, value] of Object.entries(options.headers ?? {})) {
        headers[name.toLowerCase()] = String(value);
      }
      if (options.auth) {
        headers.authorization = `Basic ${Buffer.from(options.auth).toString("base64")}`;
      }
      if (contentType !== undefined) {
        headers["content-type"] = contentType;
      }
      const url = query?.size ? `${server}${path}?${query}` : `${server}${path}`;
      try {
        // undici looks at the signal only once the request has a connection.
        const sent = request(url, {
          dispatcher: watch ? watches : calls,
          method,
          headers,
          body: body ?? null,
          signal,
          // The caller's signal is the one time limit.
          headersTimeout: 0,
          bodyTimeout: 0,
        });
        const answer = await aborting(sent, signal);
        onAnswer({ method, path, status: answer.statusCode });
        return answer;
      } catch (error) {
        throw connectionError(`${method} ${server}${path}`, error, signal);
      }
    },
    close() {
      // Not awaited: a connection that is still being made would hold it up.
      void pools?.calls.destroy();
      void pools?.watches.destroy();
      pools = undefined;
    },
  };
}

/** What a failed exchange is thrown as: the signal's own reason when that ended it. */
export function connectionError(what: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) {
    return signal.reason;
  }
  return new ConnectionError(`${what}: ${error instanceof Error ? error.message || error.name : String(error)}`, {
    cause: error,
  });
}

function createPool(proxyUrl: string | undefined, tls: Tls, connections: number | null): Dispatcher {
  const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 30_000 };
  // HTTP/1.1: under HTTP/2 one stalled connection would take every call and watch with it.
  const options = { connections, allowH2: false, keepAliveTimeout: KEEP_ALIVE_MS } as const;
  if (proxyUrl === undefined) {
    return new Agent({ ...options, connect: connect as never });
  }
  if (!/^https?:/.test(proxyUrl)) {
    throw new Error(`kubeconfig: proxy-url "${proxyUrl}" is not supported; use an http:// or https:// proxy.`);
  }
  return new ProxyAgent({ ...options, uri: proxyUrl, requestTls: connect as never });
}

/** The work's outcome, or the signal's reason if that comes first. */
function aborting<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) {
    abort();
  }
  signal.addEventListener("abort", abort, { once: true });
  work.then(resolve, reject);
  return promise.finally(() => signal.removeEventListener("abort", abort));
}

function definedOnly(tls: { [K in keyof Tls]: Tls[K] | undefined }): Tls {
  return Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined)) as Tls;
}
