import { randomUUID } from "node:crypto";
import {
  controlQueue,
  delayEntryExchange,
  delayRoutingKey,
  heartbeatExchange,
  heartbeatRoutingKey,
  repliesExchange,
} from "@jobwright/worker-runtime/contract";
import type { Options } from "amqplib";
import type { Party } from "./amqp.ts";

/** Who may try: the queue's default producer and one that it names, a pool, and a pool with `publishTo`. */
export type PartyName = "producer" | "shop" | "pool" | "publisher";
export const parties = ["producer", "shop", "pool", "publisher"] as const;

/** What a party finds around it. */
export interface Around {
  readonly namespace: string;
  /** Resolved name of the party's own queue. */
  readonly own: string;
  /** Another JobQueue of the namespace, with a pool of its name. */
  readonly other: string;
  /** A JobQueue that the publisher's pool names in `publishTo`. */
  readonly target: string;
  /** The party's own pool, or that of its queue. */
  readonly pool: string;
  /** The prefix of the replies that it may hear. */
  readonly replies: string;
}

/** Resolves once the broker has done it, with "unroutable" where a message came to no queue; rejects with its refusal. */
type Act = (party: Party, around: Around) => Promise<unknown>;

const nobody: readonly PartyName[] = [];
const producers: readonly PartyName[] = ["producer", "shop"];
const pools: readonly PartyName[] = ["pool", "publisher"];
const publisher: readonly PartyName[] = ["publisher"];

const later = (target: string) => delayRoutingKey(60_000, target);
const publish =
  (exchange: (around: Around) => string, key: (around: Around) => string, options?: Options.Publish): Act =>
  (party, around) =>
    party.publish(exchange(around), key(around), {}, options);
const delay = (target: (around: Around) => string) =>
  publish(
    () => delayEntryExchange,
    (around) => later(target(around)),
  );
const take =
  (queue: (around: Around) => string): Act =>
  (party, around) =>
    party.onChannel((channel) => channel.get(queue(around)));
const consume =
  (queue: (around: Around) => string): Act =>
  (party, around) =>
    party.onChannel((channel) => channel.consume(queue(around), () => {}));
const declare =
  (name: (around: Around) => string, options: Options.AssertQueue = {}): Act =>
  (party, around) =>
    party.onChannel((channel) => channel.assertQueue(name(around), { durable: false, exclusive: true, ...options }));
const worker = ({ namespace }: Around, pool: string) => ({ namespace, pool, pod: `${pool}-0` });
const heartbeat = (pool: (around: Around) => string, namespace?: string) =>
  publish(
    () => heartbeatExchange,
    (around) => heartbeatRoutingKey({ ...worker(around, pool(around)), ...(namespace && { namespace }) }),
  );
/** What a producer may declare, but with a dead-letter exchange. */
const declareDeadLettering = (deadLetterExchange: string) =>
  declare(({ replies }) => `${repliesExchange}.${replies}.${randomUUID()}`, { deadLetterExchange });

/** Binds the one queue that a producer may declare. */
const listen =
  (exchange: (around: Around) => string, key: (around: Around) => string): Act =>
  (party, around) =>
    party.onChannel(async (channel) => {
      const queue = `${repliesExchange}.${around.replies}.${randomUUID()}`;
      await channel.assertQueue(queue, { durable: false, exclusive: true });
      await channel.bindQueue(queue, exchange(around), key(around));
    });
const own = ({ own }: Around) => own;
const other = ({ other }: Around) => other;
const target = ({ target }: Around) => target;
const everything = () => "#";

/** Each act, and who may do it. What is not said to be allowed, the broker must refuse. */
export const acts: readonly (readonly [what: string, who: readonly PartyName[], act: Act])[] = [
  // Publishing.
  ["publish to its exchange, with any key", parties, publish(own, () => "any.key.at.all")],
  ["publish to a lane of it", parties, publish(own, () => "lane.fast.send")],
  ["publish to a queue of publishTo", publisher, publish(target, () => "send")],
  ["publish to a lane of a queue of publishTo", publisher, publish(target, () => "lane.fast.send")],
  ["publish to another JobQueue's exchange", nobody, publish(other, () => "send")],
  ["publish to the default exchange, and so to any queue", nobody, publish(() => "", own)],
  [
    "publish around the lanes",
    nobody,
    publish(
      (around) => `${around.own}.unlaned`,
      () => "send",
    ),
  ],
  ["publish around the lanes of a queue of publishTo", nobody, publish((around) => `${around.target}.unlaned`, own)],
  [
    "publish to amq.topic",
    nobody,
    publish(
      () => "amq.topic",
      () => "x",
    ),
  ],
  // Delays.
  ["delay a job to its queue", parties, delay(own)],
  ["delay a job to its lane", parties, delay((around) => `${around.own}.fast`)],
  ["delay a job to a queue of publishTo", publisher, delay(target)],
  ["delay a job to a lane of a queue of publishTo", publisher, delay((around) => `${around.target}.fast`)],
  ["delay a job to another queue", nobody, delay(other)],
  ["delay a job to another queue's lane", nobody, delay((around) => `${around.other}.fast`)],
  ["delay a job to its own dead letters", nobody, delay((around) => `${around.own}.dead`)],
  ["delay a job to the dead letters of a queue of publishTo", nobody, delay((around) => `${around.target}.dead`)],
  ["delay a job to what comes back to another queue", nobody, delay((around) => `${around.other}.returns`)],
  [
    "enter the delay fabric below its top",
    nobody,
    publish(
      () => "jobwright.delay.3",
      (around) => later(around.own),
    ),
  ],
  [
    "deliver behind the fabric",
    nobody,
    publish(
      () => "jobwright.delay.deliver",
      (around) => later(around.own),
    ),
  ],
  [
    "park a job",
    nobody,
    publish(
      () => "jobwright.delay.parked",
      () => "",
    ),
  ],
  // Dead letters, outcomes, replies.
  [
    "dead-letter a job",
    pools,
    publish(
      (around) => `${around.own}.dlx`,
      () => "",
    ),
  ],
  [
    "publish to another's dead letters",
    nobody,
    publish(
      (around) => `${around.other}.dlx`,
      () => "",
    ),
  ],
  [
    "publish to the dead letters of a queue of publishTo",
    nobody,
    publish(
      (around) => `${around.target}.dlx`,
      () => "",
    ),
  ],
  [
    "tell outcomes",
    pools,
    publish(
      (around) => `${around.own}.outcomes`,
      () => "done.send",
    ),
  ],
  [
    "tell another's outcomes",
    nobody,
    publish(
      (around) => `${around.other}.outcomes`,
      () => "done.send",
    ),
  ],
  [
    "tell the outcomes of a queue of publishTo",
    nobody,
    publish(
      (around) => `${around.target}.outcomes`,
      () => "done.x",
    ),
  ],
  [
    "answer jobs",
    pools,
    publish(
      () => repliesExchange,
      () => "whatever.the.producer.said",
    ),
  ],
  [
    "hear the reply to a key of its own",
    producers,
    listen(
      () => repliesExchange,
      ({ replies }) => `${replies}.7f3a`,
    ),
  ],
  ["hear all replies", nobody, listen(() => repliesExchange, everything)],
  [
    "hear every reply to its own keys",
    nobody,
    listen(
      () => repliesExchange,
      ({ replies }) => `${replies}.*`,
    ),
  ],
  [
    "hear replies to another queue's producer",
    nobody,
    listen(
      () => repliesExchange,
      (around) => `${around.other}.7f3a`,
    ),
  ],
  [
    ...(["hear replies to another producer of its queue", nobody] as const),
    listen(
      () => repliesExchange,
      (around) => `${around.own}.@crm.7f3a`,
    ),
  ],
  ["have another queue's reply queue", nobody, declare((around) => `${repliesExchange}.${around.other}.mine`)],
  ["have a reply queue of another producer", nobody, declare((around) => `${repliesExchange}.${around.own}.@crm.mine`)],
  ["hear its own queue's outcomes", nobody, listen((around) => `${around.own}.outcomes`, everything)],
  ["hear another queue's outcomes", nobody, listen((around) => `${around.other}.outcomes`, everything)],
  ["get copies of its own queue's jobs", nobody, listen(own, everything)],
  ["get copies of another queue's jobs", nobody, listen(other, everything)],
  ["get copies of delayed jobs", nobody, listen(() => "jobwright.delay.deliver", everything)],
  ["get copies of what is delayed", nobody, listen(() => delayEntryExchange, everything)],
  [
    "get copies of dead letters",
    nobody,
    listen(
      (around) => `${around.own}.dlx`,
      () => "",
    ),
  ],
  ["listen to heartbeats", nobody, listen(() => heartbeatExchange, everything)],
  ["listen to the broker's own events", nobody, listen(() => "amq.rabbitmq.event", everything)],
  // Taking jobs.
  ["take jobs", pools, consume(own)],
  ["take jobs from its lane", pools, consume((around) => `${around.own}.fast`)],
  ["take jobs from another queue", nobody, take(other)],
  ["take jobs from another queue's lane", nobody, take((around) => `${around.other}.fast`)],
  ["take jobs from a queue of publishTo", nobody, take(target)],
  ["take jobs from a lane of a queue of publishTo", nobody, take((around) => `${around.target}.fast`)],
  ["take its own dead letters", nobody, consume((around) => `${around.own}.dead`)],
  ["take another's dead letters", nobody, take((around) => `${around.other}.dead`)],
  ["take from a level of the delay fabric", nobody, take(() => "jobwright.delay.5")],
  ["take parked jobs", nobody, take(() => "jobwright.delay.parked")],
  // Workers and their operator.
  ["report under its own pool's name", pools, heartbeat(({ pool }) => pool)],
  ["report as a worker of another pool", nobody, heartbeat(() => "other")],
  ["report as a worker of another namespace", nobody, heartbeat(({ pool }) => pool, "elsewhere")],
  [
    "have a control queue and take commands from it",
    pools,
    (party, around) =>
      party.onChannel(async (channel) => {
        const queue = controlQueue(worker(around, around.pool));
        await channel.assertQueue(queue, { durable: false, exclusive: true, autoDelete: true });
        await channel.consume(queue, () => {});
      }),
  ],
  [
    "have another pool's control queue",
    nobody,
    declare((around) => controlQueue({ ...worker(around, "other"), pod: "x" })),
  ],
  ["take the commands for another pool's worker", nobody, consume((around) => controlQueue(worker(around, "other")))],
  [
    "command another worker",
    nobody,
    publish(
      () => "",
      (around) => controlQueue(worker(around, "other")),
    ),
  ],
  ["pose as the operator's ear", nobody, declare(() => "jobwright.operator.heartbeats.mine")],
  ["pose as a pool's alarm clock", nobody, declare(({ own }) => `jobwright.wake.${own}.mine`)],
  // Topology.
  ["declare a queue", nobody, declare(() => "mine")],
  ["declare an exchange", nobody, (party) => party.onChannel((channel) => channel.assertExchange("mine", "fanout"))],
  ["declare a lane", nobody, declare(({ own }) => `${own}.lane`, { durable: true, exclusive: false })],
  [
    "have what it declares dead-letter to another queue's exchange",
    nobody,
    (party, around) => declareDeadLettering(around.other)(party, around),
  ],
  ["have what it declares dead-letter to any queue", nobody, declareDeadLettering("")],
  [
    "bind its own queue to another exchange",
    nobody,
    (party, around) => party.onChannel((channel) => channel.bindQueue(around.own, around.other, "#")),
  ],
  [
    "unbind its own queue",
    nobody,
    (party, around) => party.onChannel((channel) => channel.unbindQueue(around.own, `${around.own}.unlaned`, "")),
  ],
  [
    "feed another's jobs into its own exchange",
    nobody,
    (party, around) => party.onChannel((channel) => channel.bindExchange(around.own, around.other, "#")),
  ],
  [
    "feed its jobs into another's exchange",
    nobody,
    (party, around) => party.onChannel((channel) => channel.bindExchange(around.other, around.own, "#")),
  ],
  [
    "feed replies to others into its own exchange",
    nobody,
    (party, around) =>
      party.onChannel((channel) => channel.bindExchange(around.own, repliesExchange, `${around.other}.7f3a`)),
  ],
  ["delete its own queue", nobody, (party, around) => party.onChannel((channel) => channel.deleteQueue(around.own))],
  [
    "purge its own queue by deleting it when empty",
    nobody,
    (party, around) => party.onChannel((channel) => channel.deleteQueue(around.own, { ifEmpty: true })),
  ],
  [
    "delete its own exchange",
    nobody,
    (party, around) => party.onChannel((channel) => channel.deleteExchange(around.own)),
  ],
  ["delete a level", nobody, (party) => party.onChannel((channel) => channel.deleteQueue("jobwright.delay.5"))],
  // To RabbitMQ, to purge is to read.
  ["purge the queue that it takes jobs from", pools, (party, { own }) => party.onChannel((c) => c.purgeQueue(own))],
  ["purge another queue", nobody, (party, around) => party.onChannel((channel) => channel.purgeQueue(around.other))],
  [
    "purge its own queue's dead letters",
    nobody,
    (party, around) => party.onChannel((channel) => channel.purgeQueue(`${around.own}.dead`)),
  ],
];
