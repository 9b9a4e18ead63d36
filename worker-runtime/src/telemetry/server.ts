import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";
import { readyPath } from "../contract/index.ts";
import { ConfigurationError } from "../errors.ts";

// Not imported: that would read each of the module's exports, one of which (WebSocket) loads all of undici, for a tenth of
// what a worker's start costs.
const { createServer } = process.getBuiltinModule("node:http");

/** Serves `/metrics`, `/healthz` (the process answers) and `/readyz` (it may be sent work). */
export interface TelemetryServer {
  /** The port it listens on. */
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * @param port 0 picks a free one.
 * @throws ConfigurationError when the port is taken.
 */
export async function serveTelemetry(options: {
  port: number;
  registry: Registry;
  ready(): boolean;
}): Promise<TelemetryServer> {
  const { registry, ready } = options;
  const server = createServer(async (request, response) => {
    switch (request.url?.split("?")[0]) {
      case "/metrics":
        response.setHeader("content-type", registry.contentType);
        response.end(await registry.metrics());
        return;
      case "/healthz":
        response.end("ok\n");
        return;
      case readyPath:
        response.statusCode = ready() ? 200 : 503;
        response.end(ready() ? "ready\n" : "drained or stopping\n");
        return;
      default:
        response.statusCode = 404;
        response.end("expected /metrics, /healthz or /readyz\n");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") reject(error);
      else
        reject(new ConfigurationError(`port ${options.port} for /metrics is taken: choose another with --port, or 0`));
    });
    server.listen(options.port, resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    port,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
