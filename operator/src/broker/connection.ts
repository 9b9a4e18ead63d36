import { type Channel, type ChannelModel, type ConfirmChannel, connect, IllegalOperationError } from "amqplib";
import type { BrokerAddress } from "./address.ts";
import { type BrokerError, BrokerUnreachable, VhostAccessRefused } from "./errors.ts";
import { certificateRefused, credentialsRefused } from "./refusal.ts";
import { within } from "./within.ts";

const connectLimitMs = 5_000;
/** A dead peer is noticed after two missed heartbeats. */
const heartbeatSeconds = 10;
const firstPauseMs = 250;
const longestPauseMs = 5_000;

/**
 * One AMQP connection that is opened when first needed and again after it was lost. Channels are the caller's: they
 * die with the connection, so whoever keeps one listens for its `close` (see keep-channel.ts).
 */
export interface BrokerConnection extends AsyncDisposable {
  /**
   * A new channel. While the broker cannot be reached, fails at once with the last attempt's error; attempts are made
   * when somebody asks, 0.25 s to 5 s apart.
   *
   * @throws BrokerUnreachable, CredentialsRefused, VhostMissing, VhostAccessRefused
   */
  channel(): Promise<Channel>;
  /** A new channel whose publishes are confirmed. Throws what {@link channel} throws. */
  confirmChannel(): Promise<ConfirmChannel>;
  /** Why the broker takes no messages now (it is short of memory or disk); undefined if it does. */
  blocked(): string | undefined;
}

/** @param name shown in the management UI beside the connection, for example `jobwright-operator`. */
export function openConnection(address: BrokerAddress, name: string): BrokerConnection {
  let model: ChannelModel | undefined;
  let connecting: Promise<ChannelModel> | undefined;
  let failures = 0;
  let notBefore = 0;
  let lastError: BrokerError | undefined;
  let closed = false;
  let blocked: string | undefined;

  // amqplib's own recovery would replay nothing that is ours and hides which channel a delivery tag belongs to.
  async function dial(): Promise<ChannelModel> {
    try {
      const opened = await connect(
        {
          protocol: address.tls ? "amqps" : "amqp",
          hostname: address.host,
          port: address.port,
          username: address.username,
          password: address.password,
          // amqplib unescapes it as if it came from a URL.
          vhost: encodeURIComponent(address.vhost),
          heartbeat: heartbeatSeconds,
        },
        {
          timeout: connectLimitMs,
          noDelay: true,
          keepAlive: true,
          clientProperties: { connection_name: name },
          ...(address.ca === undefined ? {} : { ca: address.ca }),
        },
      );
      opened.on("error", (error) => {
        lastError = unreachable(address, error);
      });
      opened.on("close", () => {
        if (model === opened) model = undefined;
      });
      opened.on("blocked", (reason) => {
        blocked = reason;
      });
      opened.on("unblocked", () => {
        blocked = undefined;
      });
      if (closed) {
        opened.close().catch(() => {});
        throw new BrokerUnreachable("the connection was closed by its owner");
      }
      model = opened;
      blocked = undefined;
      failures = 0;
      return opened;
    } catch (error) {
      failures += 1;
      const pauseMs = Math.min(firstPauseMs * 2 ** (failures - 1), longestPauseMs);
      notBefore = Date.now() + pauseMs * (0.5 + Math.random() / 2);
      lastError = connectError(address, error);
      throw lastError;
    }
  }

  async function connected(): Promise<ChannelModel> {
    if (closed) throw new BrokerUnreachable("the connection was closed by its owner");
    if (model !== undefined) return model;
    if (connecting === undefined) {
      if (lastError !== undefined && Date.now() < notBefore) throw lastError;
      connecting = dial().finally(() => {
        connecting = undefined;
      });
    }
    return connecting;
  }

  async function open<C extends Channel>(create: (on: ChannelModel) => Promise<C>): Promise<C> {
    const on = await connected();
    const opening = create(on).then((channel) => {
      // A channel's error is followed by its close, and the call that caused it rejects; unheard it would end the process.
      channel.on("error", () => {});
      return channel;
    });
    try {
      return await within(connectLimitMs, "opening a channel", opening);
    } catch (error) {
      // A broker that shuts down may say so in the packet of its welcome: then "close" has come before anybody could listen.
      if (error instanceof IllegalOperationError && model === on) model = undefined;
      // One that comes after all has nobody who would ever close it.
      opening.then((late) => late.close()).catch(() => {});
      throw unreachable(address, error);
    }
  }

  return {
    channel: () => open((on) => on.createChannel()),
    confirmChannel: () => open((on) => on.createConfirmChannel()),
    blocked: () => (model === undefined ? undefined : blocked),
    async [Symbol.asyncDispose]() {
      closed = true;
      const open = model;
      model = undefined;
      // It may be gone already, or not answer any more: nothing is lost by not saying goodbye.
      await within(2_000, "closing the connection", open?.close() ?? Promise.resolve()).catch(() => {});
    },
  };
}

function connectError(address: BrokerAddress, error: unknown): BrokerError {
  const said = error instanceof Error ? error.message : String(error);
  if (/ACCESS[-_]REFUSED/.test(said)) return credentialsRefused(address, "ACCESS_REFUSED");
  // amqplib does not pass on what the broker says when it closes a connection that is just being opened.
  if (/got <ConnectionClose/.test(said)) {
    return new VhostAccessRefused(
      `RabbitMQ at ${address.host} did not open vhost "${address.vhost}" to user "${address.username}": check that ` +
        "the vhost exists, that the user has permissions there, and that no limit of connections is reached",
    );
  }
  return certificateRefused(address, `${address.host}:${address.port}`, error) ?? unreachable(address, error);
}

function unreachable({ host, port }: BrokerAddress, error: unknown): BrokerUnreachable {
  const why = error instanceof Error ? error.message : String(error);
  return new BrokerUnreachable(
    `RabbitMQ at ${host}:${port} could not be reached (${why}): check that the broker runs, the Secret's host and ` +
      "port, and that network policies let the operator reach it",
    { cause: error },
  );
}
