import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { statePath } from "../cluster/paths.ts";
import type { BrokerSettings } from "./configuration.ts";
import { type BrokerVersion, brokerVersions } from "./versions.ts";

export const loopback = "127.0.0.1";

/** Where a broker's settings and data are. */
export function brokerFolder(version: BrokerVersion): string {
  return statePath("broker", version);
}

const settingsPath = (version: BrokerVersion) => `${brokerFolder(version)}/settings.json`;

/** The settings that `up` decided on, undefined when this version was never set up. */
export function readSettings(version: BrokerVersion): BrokerSettings | undefined {
  try {
    return JSON.parse(readFileSync(settingsPath(version), "utf8")) as BrokerSettings;
  } catch {
    return undefined;
  }
}

/**
 * Decides once, until `down`, where a broker listens and its administrator's password.
 * @param address an address of this machine; the pods' bridge, so that pods reach it, or loopback without pods.
 */
export function ensureSettings(version: BrokerVersion, address: string): void {
  const before = readSettings(version);
  if (before?.address === address) return;
  mkdirSync(brokerFolder(version), { recursive: true, mode: 0o700 });
  const settings: BrokerSettings = {
    address,
    username: "admin",
    password: before?.password ?? randomBytes(18).toString("base64url"),
  };
  writeFileSync(settingsPath(version), JSON.stringify(settings), { mode: 0o600 });
}

/** The versions that `up` has set up and `down` has not removed. */
export function knownBrokers(): BrokerVersion[] {
  return brokerVersions.filter((version) => readSettings(version) !== undefined);
}

/** Drops a broker's settings and data. */
export function removeSettings(version: BrokerVersion): void {
  rmSync(brokerFolder(version), { recursive: true, force: true });
}
