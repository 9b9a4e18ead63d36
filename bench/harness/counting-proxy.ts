import { once } from "node:events";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { createMethodCounter } from "./amqp-methods.ts";

/**
 * Stands before a broker and notes when who scales asks it something: an AMQP method or an HTTP request. Workers
 * connect through it too, and are told apart by their address.
 */
export interface CountingProxy extends AsyncDisposable {
  readonly amqpPort: number;
  readonly managementUrl: string;
  /** When each request came from `host` itself, ms. */
  readonly requests: readonly number[];
}

export async function startCountingProxy(
  host: string,
  broker: { readonly host: string; readonly amqpPort: number; readonly managementUrl: string },
): Promise<CountingProxy> {
  const requests: number[] = [];
  const note = () => requests.push(Date.now());

  const amqp = createServer({ noDelay: true }, (client) => {
    const server = connect({ host: broker.host, port: broker.amqpPort, noDelay: true });
    if (client.remoteAddress === host) client.on("data", createMethodCounter(note));
    client.pipe(server).pipe(client);
    client.on("error", () => server.destroy());
    server.on("error", () => client.destroy());
  });
  const http = createHttpServer((incoming, answer) => {
    note();
    const { method, headers, url = "/" } = incoming;
    // As it came: a vhost's name in a path must stay encoded.
    const outgoing = httpRequest(broker.managementUrl + url, { method, headers }, (answered) => {
      answer.writeHead(answered.statusCode ?? 502, answered.headers);
      answered.pipe(answer);
    });
    outgoing.on("error", () => answer.destroy());
    incoming.pipe(outgoing);
  });

  await Promise.all([listen(amqp, host), listen(http, host)]);
  return {
    amqpPort: portOf(amqp),
    managementUrl: `http://${host}:${portOf(http)}`,
    requests,
    async [Symbol.asyncDispose]() {
      amqp.close();
      http.close();
      http.closeAllConnections();
    },
  };
}

async function listen(server: Server, host: string): Promise<void> {
  server.listen(0, host);
  await once(server, "listening");
}

const portOf = (server: Server) => (server.address() as AddressInfo).port;
