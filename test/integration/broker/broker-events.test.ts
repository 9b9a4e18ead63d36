import { expect, onTestFinished, test } from "vitest";
import { type BrokerEvent, eventVhost, openConnection, watchBrokerEvents } from "../../../operator/src/broker/index.ts";
import { addressOf, brokerVersions, createVhost, manage, startPrivateBroker } from "../../broker/index.ts";

/** As docs/install.md says. */
const documented = {
  configure: "^jobwright\\.operator\\..*",
  write: "^jobwright\\.operator\\..*",
  read: "^(amq\\.rabbitmq\\.event|jobwright\\.operator\\..*)$",
};

test.each(brokerVersions)(
  "on RabbitMQ %s a user with the documented permissions hears of changes in any vhost, and one without is told why not",
  { timeout: 180_000 },
  async (version) => {
    const server = await startPrivateBroker(version);
    onTestFinished(() => server[Symbol.asyncDispose]());
    await manage(server, "PUT", "/api/users/listener", { password: "p", tags: "administrator" });
    const address = { ...addressOf(server, eventVhost), username: "listener", password: "p" };
    const connection = openConnection(address, "test");
    const heard: BrokerEvent[] = [];
    const errors: string[] = [];
    const watch = watchBrokerEvents(
      connection,
      (event) => heard.push(event),
      (error) => errors.push(String(error)),
    );
    onTestFinished(async () => {
      await watch[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
    });
    await expect.poll(() => errors.join()).toContain('vhost "/" to user "listener"');
    await manage(server, "PUT", "/api/permissions/%2F/listener", documented);
    await watch.ready;

    const vhost = await createVhost(server);
    const at = `/api/exchanges/${vhost.name}/something`;
    await manage(server, "PUT", at, { type: "topic", durable: true });
    await manage(server, "DELETE", at);
    await expect.poll(() => heard).toContainEqual({ event: "exchange.deleted", vhost: vhost.name, name: "something" });
  },
);
