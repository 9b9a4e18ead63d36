import type { Channel } from "amqplib";
import type { BrokerConnection } from "./connection.ts";
import { notAnswered } from "./use-channel.ts";
import { within } from "./within.ts";

/** A missing queue closes its channel and makes all others asked on it be asked again: so not too many on one. */
const chunkSize = 50;
/** A queue may not answer for a while; the others must not wait for it. */
const chunkLimitMs = 2_000;
/** How long RabbitMQ waits for a quorum queue's leader before it answers with 0 and 0 in its place (3.10 and 4.0, `rabbit_quorum_queue:stat/1`). */
const brokersPatienceMs = 250;

/**
 * A queue's depth, as exact as the broker knows it: no statistics are in between. A quorum queue without a leader answers
 * with 0 and 0 (seen in the code of 3.10.8 and 4.0.5), so where consumers are known to be there, 0 consumers mean that nothing is known.
 * So does one whose leader is late, on a busy broker: that shows in the time, unless the broker is far away. It is asked again.
 */
export interface Depth {
  /** Messages ready to be delivered; those delivered and unacknowledged are not counted. */
  readonly ready: number;
  readonly consumers: number;
}

/**
 * Reads the depth of many queues by passive declarations.
 *
 * @returns for each queue its depth, or undefined if there is no such queue. A queue that did not answer in time is
 *   not in the map at all: nothing is known of it.
 * @throws what opening a channel throws, if the broker cannot be reached at all.
 */
export async function readDepths(
  connection: BrokerConnection,
  names: readonly string[],
): Promise<Map<string, Depth | undefined>> {
  const depths = new Map<string, Depth | undefined>();
  const chunks = Array.from({ length: Math.ceil(names.length / chunkSize) }, (_, index) =>
    names.slice(index * chunkSize, (index + 1) * chunkSize),
  );
  await Promise.all(
    chunks.map(async (chunk) => {
      const unanswered = await readChunk(connection, chunk, depths);
      await Promise.all(unanswered.map((name) => readChunk(connection, [name], depths)));
    }),
  );
  return depths;
}

/** @returns the names that are still unknown. Those known to be missing are not among them. */
async function readChunk(
  connection: BrokerConnection,
  names: readonly string[],
  depths: Map<string, Depth | undefined>,
): Promise<string[]> {
  const openedFromMs = performance.now();
  const channel = await connection.channel();
  let answeredAtMs = performance.now();
  const isNear = answeredAtMs - openedFromMs < brokersPatienceMs / 2;
  /** What the broker answers, and how long it took: amqplib sends each question once the one before is answered. */
  async function ask(name: string): Promise<{ depth: Depth; tookMs: number }> {
    const { messageCount, consumerCount } = await channel.checkQueue(name);
    const tookMs = performance.now() - answeredAtMs;
    answeredAtMs = performance.now();
    return { depth: { ready: messageCount, consumers: consumerCount }, tookMs };
  }
  /** Whether the broker may have given up waiting for a leader, and answered itself. */
  const isInLeadersPlace = ({ depth: { ready, consumers }, tookMs }: { depth: Depth; tookMs: number }) =>
    isNear && ready === 0 && consumers === 0 && tookMs >= brokersPatienceMs;
  const asked = names.map(async (name) => {
    try {
      const first = await ask(name);
      const answer = isInLeadersPlace(first) ? await ask(name) : first;
      if (!isInLeadersPlace(answer)) depths.set(name, answer.depth);
    } catch (error) {
      if (isNotFound(error)) depths.set(name, undefined);
    }
  });
  await within(chunkLimitMs, "reading depths", Promise.all(asked)).catch(() => {});
  close(channel);
  return names.filter((name) => !depths.has(name));
}

/** One queue's depth, or undefined if there is no such queue. @throws BrokerUnreachable if it does not answer in time. */
export async function readDepth(connection: BrokerConnection, name: string): Promise<Depth | undefined> {
  const depths = await readDepths(connection, [name]);
  if (!depths.has(name)) {
    const late = new Error(`not within ${chunkLimitMs} ms`);
    throw notAnswered(`asking how much is in queue "${name}"`, late);
  }
  return depths.get(name);
}

/** True if the broker closed the channel because what was asked for does not exist. */
function isNotFound(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === 404;
}

/** Not waited for: it may hang as the question did, or be closed already. */
function close(channel: Channel): void {
  Promise.resolve()
    .then(() => channel.close())
    .catch(() => {});
}
