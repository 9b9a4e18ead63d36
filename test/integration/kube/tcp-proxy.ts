import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { KubeConfig } from "../../../operator/src/kube/index.ts";
import { configBehind } from "./api-server.ts";

/** Bytes between a client and the API server, which the test can stop in the two ways a network does. */
export interface TcpProxy {
  /** The cluster through this proxy. */
  config: KubeConfig;
  /** Connections accepted so far. */
  accepted(): number;
  /** Open connections stay open, but nothing goes through any more; `newToo`: so it is with new ones until `thaw`. */
  freeze(newToo?: "newToo"): void;
  /** New connections work again. */
  thaw(): void;
  /** Ends every open connection. */
  cut(): void;
}

/** A proxy before the cluster's API server, closed when the test is over. */
export async function createTcpProxy(config: KubeConfig): Promise<TcpProxy> {
  const target = new URL(config.getCurrentCluster()?.server ?? "");
  const pairs = new Set<{ client: Socket; server: Socket }>();
  let accepted = 0;
  let frozen = false;
  const listener = createServer((client) => {
    accepted += 1;
    const server = connect(Number(target.port || 443), target.hostname);
    const pair = { client, server };
    pairs.add(pair);
    const close = () => {
      pairs.delete(pair);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.on("error", close);
      socket.on("close", close);
    }
    if (!frozen) {
      client.pipe(server);
      server.pipe(client);
    }
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const cut = () => {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  };
  onTestFinished(() => {
    cut();
    return new Promise((resolve) => listener.close(() => resolve()));
  });
  return {
    config: configBehind(config, `https://127.0.0.1:${(listener.address() as AddressInfo).port}`),
    accepted: () => accepted,
    freeze(newToo) {
      frozen = newToo !== undefined;
      for (const { client, server } of pairs) {
        client.unpipe(server);
        server.unpipe(client);
        client.pause();
        server.pause();
      }
    },
    thaw() {
      frozen = false;
    },
    cut,
  };
}
