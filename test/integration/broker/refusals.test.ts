import { createServer } from "node:http";
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

  it("something else where the management API should be", async () => {
    const other = createServer((_, response) => response.end("<html>hello</html>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const bound = other.address();
    const port = typeof bound === "object" ? bound?.port : undefined;
    const broker = seenWith(await freshBroker(server, "other"), { managementUrl: `http://127.0.0.1:${port}` });
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(ManagementMissing);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow('set the key "management-uri"');
  });
});
