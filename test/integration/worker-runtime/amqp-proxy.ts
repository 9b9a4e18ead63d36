import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import type { Vhost } from "../../broker/index.ts";

/** Bytes between clients and the broker, which the test can stop in the ways a network does. */
export interface AmqpProxy {
  /** The vhost's address through this proxy. */
  readonly amqpUrl: string;
  /** What the broker says no longer reaches the clients whose connection's name ends so, now and later; what they say still reaches it. */
  silence(nameEnds: string): void;
  /** Ends every open connection, and the silence. */
  cut(): void;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  /** What the client said first: its properties, its name among them. */
  greeting: string;
}

/** A proxy before the broker of `vhost`, closed when the test is over. */
export async function createAmqpProxy(vhost: Vhost): Promise<AmqpProxy> {
  const target = new URL(vhost.amqpUrl);
  const links = new Set<Link>();
  let silenced: string | undefined;

  const listener = createServer((client) => {
    const server = connect(Number(target.port), target.hostname);
    const link: Link = { client, server, greeting: "" };
    links.add(link);
    const end = () => {
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (bytes) => {
      if (link.greeting.length < 2_000) link.greeting += bytes.toString("latin1");
      server.write(bytes);
    });
    server.on("data", (bytes) => {
      if (silenced === undefined || !link.greeting.includes(silenced)) client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));

  const cut = () => {
    silenced = undefined;
    for (const { client, server } of [...links]) {
      client.destroy();
      server.destroy();
    }
  };
  onTestFinished(() => {
    cut();
    return new Promise((resolve) => listener.close(() => resolve()));
  });
  const url = new URL(target);
  url.hostname = "127.0.0.1";
  url.port = String((listener.address() as AddressInfo).port);
  return {
    amqpUrl: url.href,
    silence(nameEnds) {
      silenced = nameEnds;
    },
    cut,
  };
}
