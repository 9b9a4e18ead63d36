import { setTimeout as sleep } from "node:timers/promises";
import { type ChannelModel, connect } from "amqplib";
import type { Logger } from "pino";
import { certificateFault } from "../contract/index.ts";
import { messageOf } from "../errors.ts";
import type { AddressSource } from "./address.ts";
import { createBackoff } from "./backoff.ts";
import { gatherWrites } from "./gather-writes.ts";
import { socketOf } from "./socket.ts";

/** What a user of a connection is told. */
interface ConnectionListener {
  /** A connection is there; all channels of the one before are gone. */
  up(model: ChannelModel): void;
  /** The connection is gone. Its channels have told so themselves before this. */
  down?(): void;
  /** The broker takes no more publishing for now (memory or disk alarm), or takes it again. */
  blocked?(blocked: boolean): void;
}

/** A connection that comes back, for ever, until it is stopped. */
export interface BrokerConnection {
  readonly isUp: boolean;
  /** Tells a listener what happens from now on; `up` at once if the connection is up. */
  listen(listener: ConnectionListener): void;
  /** Ends it for good. Never rejects; waits at most 1.5 s for a broker that does not answer. */
  stop(): Promise<void>;
}

const connectTimeoutMs = 10_000;
const closeTimeoutMs = 1_500;

/**
 * Opens a connection and keeps reopening it with jittered back-off, 0.25 s to 15 s.
 *
 * amqplib's own recovery is not used: it keeps the address that it was given at first, while a password may have been
 * rotated meanwhile, and it restores neither channels nor consumers, so what is hard would still be ours.
 *
 * @param name what the broker's management page shows, for example `media.resize.pod-1 consume`.
 */
export function openConnection(options: { name: string; source: AddressSource; log: Logger }): BrokerConnection {
  const { name, source } = options;
  const log = options.log.child({ connection: name });
  const listeners: ConnectionListener[] = [];
  const stopping = new AbortController();
  const backoff = createBackoff(250, 15_000);
  let current: ChannelModel | undefined;
  let isBlocked = false;

  async function openOnce(): Promise<ChannelModel> {
    const { connect: address, socket } = await source();
    const model = await connect(address, {
      ...socket,
      noDelay: true,
      keepAlive: true,
      timeout: connectTimeoutMs,
      clientProperties: { connection_name: name },
    }).catch((error: unknown) => {
      const fault = certificateFault(error, address.hostname ?? "", socket.ca !== undefined);
      throw fault === undefined ? error : new Error(fault, { cause: error });
    });
    // "close" always follows, so that one handler is enough; without this listener Node would throw.
    model.on("error", (error) => log.debug({ err: error }, "connection error"));
    // A broker that shuts down may say so in the packet of its welcome: then "close" has come before anybody could listen.
    if (socketOf(model)?.writableEnded) throw new Error("the broker closed the connection as soon as it was open");
    gatherWrites(model);
    return model;
  }

  /** Resolves when the connection is gone again. */
  function serve(model: ChannelModel): Promise<void> {
    return new Promise((resolve) => {
      model.on("handler-error", (error, event) => log.error({ err: error, event }, "a connection listener threw"));
      model.on("blocked", (reason) => {
        log.warn({ reason }, "the broker takes no more messages for now");
        setBlocked(true);
      });
      model.on("unblocked", () => setBlocked(false));
      model.once("close", (error) => {
        current = undefined;
        isBlocked = false;
        if (!stopping.signal.aborted) log.warn({ reason: error?.message }, "connection lost");
        for (const listener of listeners) listener.down?.();
        resolve();
      });
      current = model;
      log.info("connected");
      for (const listener of listeners) listener.up(model);
    });
  }

  function setBlocked(blocked: boolean): void {
    isBlocked = blocked;
    for (const listener of listeners) listener.blocked?.(blocked);
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const model = await openOnce();
        if (stopping.signal.aborted) {
          await close(model);
          return;
        }
        backoff.reset();
        await serve(model);
      } catch (error) {
        log.warn({ reason: messageOf(error) }, "cannot connect to the broker");
      }
      await sleep(backoff.next(), undefined, { signal: stopping.signal }).catch(() => {});
    }
  }

  const running = run();

  return {
    get isUp() {
      return current !== undefined;
    },
    listen(listener) {
      listeners.push(listener);
      if (current === undefined) return;
      listener.up(current);
      if (isBlocked) listener.blocked?.(true);
    },
    async stop() {
      stopping.abort();
      // Both at once: a worker that stops has little of its drain timeout left.
      const closed = current === undefined ? undefined : close(current);
      await Promise.race([Promise.all([closed, running]), sleep(closeTimeoutMs, undefined, { ref: false })]);
    },
  };
}

async function close(model: ChannelModel): Promise<void> {
  // It may be closing already, or half-open and never answer.
  const closed = model.close().then(
    () => true,
    () => true,
  );
  if (await Promise.race([closed, sleep(closeTimeoutMs, false, { ref: false })])) return;
  // Else it would keep the process, and whoever waits for its confirms, until the network has given it up.
  socketOf(model)?.destroy(new Error("the broker did not answer when the connection was closed"));
}
