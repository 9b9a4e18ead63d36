import { expect, test } from "vitest";
import type { JobQueue } from "../api/objects.ts";
import type { BrokerAddress } from "../broker/index.ts";
import { createNameClaims } from "./claim-names.ts";
import { createClaims } from "./claims.ts";

const address: BrokerAddress = {
  ...{ host: "rabbit", port: 5672, tls: false, username: "admin", password: "secret", vhost: "/" },
  managementUrl: "http://rabbit:15672",
};

/** One with a broker of its own, whose Secret may name any place. */
function jobQueue(namespace: string, name: string, spec: object): JobQueue {
  return { metadata: { namespace, name, uid: `${namespace}/${name}` }, spec } as JobQueue;
}

const elsewhere = { broker: { secretRef: { name: "copied" } }, name: "shop.orders" };
const thief = jobQueue("evil", "orders", elsewhere);
const owner = jobQueue("shop", "orders", {});

function names() {
  return createNameClaims({
    claims: createClaims(),
    jobQueues: { indexed: () => [] },
    sources: { readSecret: async () => undefined, allowedVhosts: [] },
    enqueue() {},
  });
}

test("on the operator's own broker nobody can hold a namespace's name by naming that broker in a Secret", async () => {
  const { claimAll } = names();
  await claimAll(thief, address, "shop.orders");
  await expect(claimAll(owner, address, "shop.orders")).resolves.toBeUndefined();
});

test("of two on brokers of their own, and of two of a namespace, the first has the name", async () => {
  const { claimAll } = names();
  await claimAll(owner, address, "shop.orders");
  await expect(claimAll(thief, address, "shop.orders")).rejects.toThrow("JobQueue shop/orders has the name");
  const neighbour = jobQueue("shop", "more", elsewhere);
  await expect(claimAll(neighbour, address, "shop.orders")).rejects.toThrow("JobQueue shop/orders has the name");
  const late = names();
  await late.claimAll(neighbour, address, "shop.orders");
  await expect(late.claimAll(owner, address, "shop.orders")).rejects.toThrow("JobQueue shop/more has the name");
});

test("a name that was given up is free", async () => {
  const { claimAll, release } = names();
  await claimAll(owner, address, "shop.orders");
  release(owner.metadata.uid);
  await expect(claimAll(thief, address, "shop.orders")).resolves.toBeUndefined();
});
