import { createServer, type RequestListener } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Broker,
  type BrokerAddress,
  BrokerUnreachable,
  CredentialsRefused,
  ensureTopology,
  ManagementMissing,
  NotAdministrator,
  openBroker,
  VhostAccessRefused,
  VhostMissing,
} from "../../../operator/src/broker/index.ts";
import { freshBroker, jobQueue, servers } from "./fixture.ts";

/** The same broker seen with something wrong in the Secret. */
function seenWith(broker: Broker, change: Partial<BrokerAddress>): Broker {
  const seen = openBroker({ ...broker.address, ...change }, "test");
  onTestFinished(() => seen[Symbol.asyncDispose]());
  return seen;
}

async function withUser(broker: Broker, tags: string): Promise<{ username: string; password: string }> {
  const username = `test-${broker.address.vhost}`;
  await broker.management.put(`users/${username}`, { password: "secret", tags });
  onTestFinished(() => broker.management.remove(`users/${username}`));
  return { username, password: "secret" };
}

describe.each(servers)("what is wrong with a broker is told in the user's words, on RabbitMQ $version", (server) => {
  it("a wrong password", async () => {
    const broker = seenWith(await freshBroker(server, "password"), { password: "wrong" });
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(CredentialsRefused);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(
      /refused the user name "admin" with its password \(.*\): correct the keys username and password/,
    );
    await expect(broker.connection.channel()).rejects.toThrow(CredentialsRefused);
    await expect(broker.connection.channel()).rejects.not.toThrow("wrong");
  });

  it.each(["", "management", "monitoring"])("a user who is no administrator (tags: '%s')", async (tags) => {
    const broker = await freshBroker(server, "tags");
    const seen = seenWith(broker, await withUser(broker, tags));
    await expect(ensureTopology(seen, jobQueue)).rejects.toThrow(NotAdministrator);
    await expect(ensureTopology(seen, jobQueue)).rejects.toThrow("rabbitmqctl set_user_tags");
  });

  it("a vhost that does not exist", async () => {
    const broker = seenWith(await freshBroker(server, "vhost"), { vhost: "team/nowhere" });
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(VhostMissing);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow('there is no vhost "team/nowhere"');
    await expect(broker.connection.channel()).rejects.toThrow('did not open vhost "team/nowhere"');
  });

  it("an administrator without permissions in the vhost", async () => {
    const broker = await freshBroker(server, "access");
    const seen = seenWith(broker, await withUser(broker, "administrator"));
    await expect(ensureTopology(seen, jobQueue)).rejects.toThrow(VhostAccessRefused);
    await expect(seen.connection.channel()).rejects.toThrow(VhostAccessRefused);
  });

  it("an administrator with too few permissions in the vhost", async () => {
    const broker = await freshBroker(server, "few");
    const user = await withUser(broker, "administrator");
    const at = encodeURIComponent(broker.address.vhost);
    const few = { configure: "^nothing$", write: ".*", read: ".*" };
    await broker.management.put(`permissions/${at}/${user.username}`, few);
    await expect(ensureTopology(seenWith(broker, user), jobQueue)).rejects.toThrow(VhostAccessRefused);
  });

  it("nothing at the address", async () => {
    const managementUrl = `http://${server.host}:1`;
    const broker = seenWith(await freshBroker(server, "away"), { port: 1, managementUrl });
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(BrokerUnreachable);
    await expect(broker.connection.channel()).rejects.toThrow(BrokerUnreachable);
  });

  it("a host name that does not resolve", async () => {
    const host = "no-such-host.invalid";
    const broker = seenWith(await freshBroker(server, "name"), { host, managementUrl: `http://${host}:15672` });
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(BrokerUnreachable);
    await expect(broker.connection.channel()).rejects.toThrow(BrokerUnreachable);
  });

  it("a broker whose management API is off", async () => {
    const broker = seenWith(await freshBroker(server, "off"), { managementUrl: `http://${server.host}:1` });
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(ManagementMissing);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow("enable the plugin rabbitmq_management");
  });

  /** A Broker whose Secret leads to this server instead of the management API. */
  async function ledTo(name: string, handler: RequestListener): Promise<Broker> {
    const other = createServer(handler);
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      other.closeAllConnections();
      other.close();
    });
    const bound = other.address();
    const port = typeof bound === "object" ? bound?.port : undefined;
    return seenWith(await freshBroker(server, name), { managementUrl: `http://127.0.0.1:${port}` });
  }

  it("something else where the management API should be", async () => {
    const broker = await ledTo("other", (_, response) => response.end("<html>hello</html>"));
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(ManagementMissing);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow('set the key "management-uri"');
  });

  it("but what that one says is nobody's business who wrote the Secret", async () => {
    const broker = await ledTo("stranger", (_, response) => response.writeHead(500).end("token=letmein"));
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow("no reason that RabbitMQ would give");
    await expect(ensureTopology(broker, jobQueue)).rejects.not.toThrow("letmein");
  });

  it("and no more of it is taken in than RabbitMQ would ever send", async () => {
    let sent = 0;
    const broker = await ledTo("endless", (_, response) => {
      const piece = Buffer.alloc(1024 * 1024, " ");
      const send = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
        sent += piece.length;
      };
      response.on("drain", send).on("error", () => {});
      send();
    });
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(BrokerUnreachable);
    expect(sent).toBeLessThan(200 * 1024 * 1024);
  });
});
