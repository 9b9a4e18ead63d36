import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../cluster/command.ts";
import { cachePath } from "../cluster/paths.ts";
import { home } from "./root.ts";

/**
 * A clock that a broker takes for the machine's: libfaketime answers its calls, those of the monotonic clock too. What the
 * broker waits for in the kernel takes real time all the same, so a hastened broker wakes late by that, and is busy: its
 * timers go off `rate` times as often.
 *
 * Erlang's monotonic clock follows, and its time warp is of no concern: both of its sources run alike.
 */
export interface BrokerClock {
  /** What it says when the broker starts; whole seconds. Not before what an earlier run's clock said. */
  readonly startAt: Date;
  /** Its seconds in one second. */
  readonly rate: number;
}

const library = "libfaketimeMT.so.1";

// Time limits of the broker that are meant for people, machines and networks, which are no faster than before.
const patience = {
  // Until the client has said hello.
  handshake_timeout: 10_000,
  // Until a consumer has acked.
  consumer_timeout: 1_800_000,
  // Until a dead letter that another queue has not confirmed is published once more.
  dead_letter_worker_publisher_confirm_timeout: 180_000,
  // Housekeeping.
  quorum_tick_interval: 5_000,
  collect_statistics_interval: 5_000,
};
const settingsFile = "hastened.config";
const clockFile = "clock";
const leapMs = 5_000;

/** A broker's environment with a clock of its own; {@link prepareHastened} comes first. */
export function hastened(env: Record<string, string>): Record<string, string> {
  return {
    ...env,
    BROKER_PRELOAD: `${home}/${library}`,
    FAKETIME_TIMESTAMP_FILE: `${home}/${clockFile}`,
    // In real seconds: after at most so long it heeds a change.
    FAKETIME_CACHE_DURATION: "1",
    TZ: "UTC",
    RABBITMQ_ADVANCED_CONFIG_FILE: `${home}/${settingsFile}`,
    // One scheduler: it wakes for every timer, where two would sleep until their own.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: `${env.RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS} +S 1:1`,
  };
}

/**
 * Puts into a broker's home what it needs for a clock of its own. The library is fetched from Debian's archive once, and
 * not installed. Messages are stamped with that clock when they come in (header `timestamp_in_ms`).
 *
 * At first its clock runs no faster than others: while it starts there are time limits that cannot be set.
 */
export async function prepareHastened(folder: string, { startAt, rate }: BrokerClock): Promise<void> {
  const limits = Object.entries(patience).map(([name, ms]) => `{${name}, ${Math.ceil(ms * rate)}}`);
  const stamps = "{incoming_message_interceptors, [{set_header_timestamp, true}]}";
  writeFileSync(join(folder, settingsFile), `[{rabbit, [${[...limits, stamps].join(", ")}]}].\n`);
  copyFileSync(await fakeTimeLibrary(), join(folder, library));
  setClock(folder, startAt, 1);
}

/**
 * Lets the clock of a broker that has started run at its rate, within a second. It leaps ahead by some seconds: the
 * library counts from when it reads the change, and a clock that is set back ends Erlang.
 *
 * @param startedMs how long ago it was started, at most.
 */
export function hasten(folder: string, { startAt, rate }: BrokerClock, startedMs: number): void {
  setClock(folder, new Date(startAt.getTime() + startedMs + leapMs), rate);
}

function setClock(folder: string, startAt: Date, rate: number): void {
  const written = join(folder, `${clockFile}.new`);
  writeFileSync(written, `@${startAt.toISOString().slice(0, 19).replace("T", " ")} x${rate}\n`);
  // In one step: it may be read at any moment.
  renameSync(written, join(folder, clockFile));
}

async function fakeTimeLibrary(): Promise<string> {
  const kept = cachePath("libfaketime");
  if (!existsSync(kept)) {
    const partial = `${kept}.partial`;
    rmSync(partial, { recursive: true, force: true });
    mkdirSync(partial, { recursive: true });
    await run("apt-get", ["download", "-qq", "-o", "APT::Sandbox::User=root", "libfaketime"], { cwd: partial });
    const [archive = ""] = readdirSync(partial);
    await run("dpkg-deb", ["--extract", join(partial, archive), partial]);
    renameSync(partial, kept);
  }
  const found = readdirSync(kept, { recursive: true, encoding: "utf8" }).find((path) => path.endsWith(library));
  if (found === undefined) throw new Error(`Debian's package libfaketime has no ${library}: see ${kept}`);
  return join(kept, found);
}
