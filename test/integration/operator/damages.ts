import { delayBindingKey, delayDeliveryExchange } from "@jobwright/worker-runtime/contract";
import { connect } from "amqplib";
import { expect } from "vitest";
import { manage } from "../../broker/index.ts";
import { condition, eventually, type Scene } from "./scene.ts";

/** Something that somebody does to a JobQueue's things on the broker. */
export interface Damage {
  /** Of the JobQueue, and what it is done to. */
  readonly name: string;
  readonly spec?: Record<string, unknown>;
  /** Done by hand on the broker; `queue` is the JobQueue's resolved name. */
  damage(scene: Scene, queue: string): Promise<void>;
  /** What the Drifted event says was found. */
  said(queue: string): string;
  /** Throws until it is as it was. */
  whole(scene: Scene, queue: string): Promise<void>;
  /** Whose event it is. Absent: JobQueue. */
  readonly kind?: "WorkerPool";
}

const userPath = (scene: Scene, kind: string, user: string) =>
  `/api/${kind}/${kind === "users" ? "" : `${encodeURIComponent(scene.vhost)}/`}${encodeURIComponent(user)}`;

const administer = (scene: Scene, method: "GET" | "PUT" | "DELETE", kind: string, user: string, body?: object) =>
  manage(scene.server, method, userPath(scene, kind, user), body);

async function connects(scene: Scene, secret: string): Promise<void> {
  const { uri = "" } = (await scene.secret(secret)) ?? {};
  const model = await connect(uri);
  await model.close();
}

const userDamages: Damage[] = [
  {
    name: "user",
    damage: async (scene, queue) => void (await administer(scene, "DELETE", "users", `${queue}.producer`)),
    said: (queue) => `user "${queue}.producer" was missing`,
    whole: (scene) => connects(scene, "user-producer"),
  },
  {
    name: "password",
    damage: async (scene, queue) =>
      void (await administer(scene, "PUT", "users", `${queue}.producer`, { password: "another", tags: "" })),
    said: (queue) => `user "${queue}.producer" had another password or tags`,
    whole: (scene) => connects(scene, "password-producer"),
  },
  {
    name: "tags",
    async damage(scene, queue) {
      const { password } = (await scene.secret("tags-producer")) ?? {};
      await administer(scene, "PUT", "users", `${queue}.producer`, { password, tags: "administrator" });
    },
    said: (queue) => `user "${queue}.producer" had another password or tags`,
    whole: async (scene, queue) => {
      const { tags } = (await administer(scene, "GET", "users", `${queue}.producer`)) as { tags: unknown };
      expect(tags).toHaveLength(0);
    },
  },
  {
    name: "permissions",
    async damage(scene, queue) {
      const all = { configure: ".*", write: ".*", read: ".*" };
      await administer(scene, "PUT", "permissions", `${queue}.producer`, all);
    },
    said: (queue) => `user "${queue}.producer" had other permissions`,
    whole: async (scene, queue) =>
      expect(await administer(scene, "GET", "permissions", `${queue}.producer`)).toMatchObject({
        write: expect.stringContaining("jobwright"),
      }),
  },
  {
    name: "no-permissions",
    damage: async (scene, queue) => void (await administer(scene, "DELETE", "permissions", `${queue}.producer`)),
    said: (queue) => `user "${queue}.producer" had other permissions`,
    whole: (scene) => connects(scene, "no-permissions-producer"),
  },
  {
    // Without one, the producer could delay a job to any queue.
    name: "no-topics",
    damage: async (scene, queue) => void (await administer(scene, "DELETE", "topic-permissions", `${queue}.producer`)),
    said: (queue) => `user "${queue}.producer" had other topic permissions`,
    whole: async (scene, queue) =>
      expect(await administer(scene, "GET", "topic-permissions", `${queue}.producer`)).toHaveLength(2),
  },
  {
    name: "worker",
    kind: "WorkerPool",
    damage: async (scene, queue) => void (await administer(scene, "DELETE", "users", `${queue}.worker`)),
    said: (queue) => `user "${queue}.worker" was missing`,
    whole: (scene) => connects(scene, "worker-worker"),
  },
];

const topologyDamages: Damage[] = [
  {
    name: "queue",
    damage: (scene, queue) => scene.broker.remove("queues", queue),
    said: (queue) => `queue "${queue}" was missing`,
    whole: async (scene, queue) => expect(await scene.broker.find("queues", queue)).toMatchObject({ type: "quorum" }),
  },
  {
    name: "exchange",
    damage: (scene, queue) => scene.broker.remove("exchanges", queue),
    said: (queue) => `exchange "${queue}" was missing`,
    whole: async (scene, queue) => expect(await scene.broker.find("exchanges", queue)).toMatchObject({ type: "topic" }),
  },
  {
    name: "binding",
    damage: (scene, queue) => scene.broker.remove("bindings", "e", queue, "q", queue, "#"),
    said: (queue) => `binding of queue "${queue}" to exchange "${queue}" on "#" was missing`,
    whole: async (scene, queue) => expect(await scene.broker.bindingKeys(queue, queue)).toContain("#"),
  },
  {
    name: "delay-binding",
    damage: (scene, queue) =>
      scene.broker.remove("bindings", "e", delayDeliveryExchange, "q", queue, delayBindingKey(queue)),
    said: (queue) => `binding of queue "${queue}" to exchange "${delayDeliveryExchange}"`,
    whole: async (scene, queue) =>
      expect(await scene.broker.bindingKeys(delayDeliveryExchange, queue)).toContain(delayBindingKey(queue)),
  },
  {
    name: "missing-policy",
    spec: { deliveryLimit: 7 },
    damage: (scene, queue) => scene.broker.remove("policies", `jobwright:${queue}`),
    said: (queue) => `policy "jobwright:${queue}" was missing`,
    whole: async (scene, queue) =>
      expect(await scene.broker.find("policies", `jobwright:${queue}`)).toMatchObject({
        definition: { "delivery-limit": 7 },
      }),
  },
  {
    name: "changed-policy",
    spec: { deadLetter: { retention: "48h" } },
    async damage(scene, queue) {
      const policy = (await scene.broker.find("policies", `jobwright:${queue}.dead`)) as Record<string, unknown>;
      const { pattern, priority } = policy;
      const definition = { "message-ttl": 1_000 };
      await scene.broker.put(
        { pattern, priority, definition, "apply-to": "queues" },
        "policies",
        `jobwright:${queue}.dead`,
      );
    },
    said: (queue) => `policy "jobwright:${queue}.dead" had message-ttl 1000 instead of 172800000`,
    whole: async (scene, queue) =>
      expect(await scene.broker.find("policies", `jobwright:${queue}.dead`)).toMatchObject({
        definition: { "message-ttl": 172_800_000 },
      }),
  },
  {
    name: "dead-queue",
    damage: (scene, queue) => scene.broker.remove("queues", `${queue}.dead`),
    said: (queue) => `queue "${queue}.dead" was missing`,
    whole: async (scene, queue) => {
      expect(await scene.broker.find("queues", `${queue}.dead`)).toMatchObject({ type: "quorum" });
      expect(await scene.broker.bindingKeys(`${queue}.dlx`, `${queue}.dead`)).toContain("");
    },
  },
  {
    name: "dead-letter-exchange",
    damage: (scene, queue) => scene.broker.remove("exchanges", `${queue}.dlx`),
    said: (queue) => `exchange "${queue}.dlx" was missing`,
    whole: async (scene, queue) =>
      expect(await scene.broker.find("exchanges", `${queue}.dlx`)).toMatchObject({ type: "fanout" }),
  },
];

/** Every kind of thing that a JobQueue or a WorkerPool has on the broker, deleted or altered. */
const damages: readonly Damage[] = [...topologyDamages, ...userDamages];

/** Makes a JobQueue for each, and a WorkerPool where it is about one, and waits until all are ready. */
export async function prepareDamages(scene: Scene): Promise<void> {
  for (const { name, spec, kind } of damages) {
    await scene.applyQueue(name, spec);
    if (kind) await scene.applyPool(name);
  }
  for (const { name, kind } of damages) {
    await eventually(async () => {
      expect(condition(await scene.queue(name), "Ready")).toMatch("Ready=True");
      if (kind) await connects(scene, `${name}-worker`);
    });
  }
}

/** Does all of it at once, and sees each put right and reported, once. */
export async function sufferDamages(scene: Scene): Promise<void> {
  const queueName = ({ name }: Damage) => `${scene.namespace}.${name}`;
  const told = ({ name, kind }: Damage) => scene.events(kind ?? "JobQueue", name, "Drifted");
  await Promise.all(damages.map((each) => each.damage(scene, queueName(each))));
  await Promise.all(
    damages.map((each) =>
      eventually(async () => {
        const drifted = await told(each);
        expect(drifted.map(({ message }) => message).join()).toContain(each.said(queueName(each)));
        expect(drifted[0]?.type).toBe("Warning");
        await each.whole(scene, queueName(each));
      }),
    ),
  );
  // None is reported twice, and all stay ready.
  for (const each of damages) {
    expect((await told(each)).map(({ series }) => series)).toEqual([undefined]);
    expect(condition(await scene.queue(each.name), "Ready")).toMatch("Ready=True");
  }
}
