import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

export interface TelemetryServer extends AsyncDisposable {
  /** The port in use: of interest where 0 was asked for. */
  readonly port: number;
}

/**
 * Serves /metrics, /healthz and /readyz. The process is ready once it `awaits` nothing: a standby that could take over is
 * ready, and a broker that is down makes nobody unready, since restarting the operator would mend nothing.
 */
export async function serveTelemetry(options: {
  port: number;
  registry: Registry;
  awaits: () => readonly string[];
}): Promise<TelemetryServer> {
  const { registry, awaits } = options;
  const server = createServer((request, response) => {
    const respond = (status: number, body: string, type = "text/plain") => {
      response.writeHead(status, { "content-type": type }).end(body);
    };
    switch (request.url) {
      case "/metrics":
        registry.metrics().then(
          (text) => respond(200, text, registry.contentType),
          (error: unknown) => respond(500, String(error)),
        );
        return;
      case "/healthz":
        respond(200, "ok");
        return;
      case "/readyz": {
        const awaited = awaits();
        if (awaited.length === 0) respond(200, "ok");
        else respond(503, `not yet: waiting for the API server to list ${[...new Set(awaited)].join(", ")}`);
        return;
      }
      default:
        respond(404, "not here: try /metrics, /healthz or /readyz");
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
