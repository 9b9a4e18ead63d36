import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { onTestFinished } from "vitest";
import type { KubeConfig } from "../../../operator/src/kube/index.ts";
import { createTransport } from "../../../operator/src/kube/transport.ts";
import { configBehind } from "./api-server.ts";

/** Sees each request before the API server does: may change its URL, or answer it itself (and then return "answered"). */
export type Intercept = (url: URL, response: ServerResponse) => "answered" | undefined;

/** Requests between a client and the API server, which the test can change or answer. */
export interface HttpProxy {
  /** The cluster through this proxy; whoever asks has the rights of the kubeconfig's user. */
  config: KubeConfig;
  /** "GET /path?query" of every request so far. */
  requests: string[];
  /** Ends every open connection. */
  cut(): void;
}

/** A proxy before the cluster's API server, closed when the test is over. */
export async function createHttpProxy(config: KubeConfig, intercept: Intercept): Promise<HttpProxy> {
  const transport = createTransport(config, "test-proxy");
  const requests: string[] = [];

  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method} ${request.url}`);
    const url = new URL(request.url ?? "/", "http://proxy");
    if (intercept(url, response) === "answered") {
      return;
    }
    const abort = new AbortController();
    response.on("close", () => abort.abort());
    const body = (await Array.fromAsync(request)).join("");
    const answer = await transport.send({
      method: request.method as "GET",
      path: url.pathname,
      query: url.searchParams,
      ...(body === "" ? {} : { body, contentType: request.headers["content-type"] ?? "application/json" }),
      watch: url.searchParams.has("watch"),
      signal: abort.signal,
    });
    response.writeHead(answer.statusCode, { "content-type": "application/json" });
    response.flushHeaders();
    await pipeline(answer.body, response);
  }

  const server = createServer((request, response) => {
    forward(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    transport.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    config: configBehind(config, `http://127.0.0.1:${port}`),
    requests,
    cut: () => server.closeAllConnections(),
  };
}

/** The API server's own answer to what is too old. */
export function goneStatus(): string {
  return JSON.stringify({
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: "too old resource version: 1 (2)",
    reason: "Expired",
    code: 410,
  });
}
