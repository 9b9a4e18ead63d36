import { afterEach, expect, test, vi } from "vitest";
import { readSettings } from "./config.ts";

const read = (...flags: string[]) => readSettings(["node", "main.ts", ...flags]);

afterEach(() => vi.unstubAllEnvs());

test("without flags the operator leads by election and has no broker of its own", () => {
  expect(read()).toMatchObject({
    leaderElect: true,
    port: 8080,
    logLevel: "info",
    logFormat: "json",
    resyncMs: 60_000,
    allowedVhosts: [],
  });
  expect(read().defaultBrokerSecret).toBeUndefined();
});

test("flags go before environment variables", () => {
  vi.stubEnv("JOBWRIGHT_RESYNC", "5m");
  vi.stubEnv("JOBWRIGHT_LOG_LEVEL", "debug");
  vi.stubEnv("POD_NAME", "operator-7");
  expect(read("--resync", "90s")).toMatchObject({ resyncMs: 90_000, logLevel: "debug", identity: "operator-7" });
});

test("the broker's Secret is a name in the operator's own namespace, or in another; an empty one is none", () => {
  expect(read("--default-broker-secret", "rabbit/admin").defaultBrokerSecret).toEqual({
    namespace: "rabbit",
    name: "admin",
  });
  expect(read("--default-broker-secret", "admin", "--namespace", "jobs").defaultBrokerSecret).toEqual({
    namespace: "jobs",
    name: "admin",
  });
  vi.stubEnv("JOBWRIGHT_DEFAULT_BROKER_SECRET", "");
  expect(read().defaultBrokerSecret).toBeUndefined();
});

test("works in all namespaces unless some are named", () => {
  expect(read().watchNamespaces).toBeUndefined();
  vi.stubEnv("JOBWRIGHT_WATCH_NAMESPACES", "");
  expect(read().watchNamespaces).toBeUndefined();
  expect(read("--watch-namespaces", "media").watchNamespaces).toEqual(["media"]);
  expect(read("--watch-namespaces", "media, mail,media").watchNamespaces).toEqual(["media", "mail"]);
});

test("virtual hosts are a list", () => {
  expect(read("--allowed-vhosts", "a,b").allowedVhosts).toEqual(["a", "b"]);
});

test.each([
  [["--resync", "1 minute"], "--resync: ", "such as 250ms, 30s or 1h30m"],
  [["--default-broker-secret", "a/b/c"], "--default-broker-secret: ", "or <namespace>/<name>"],
  [["--leader-elect", "yes"], "--leader-elect: ", '"true"|"false"'],
  [["--port", "http"], "--port: ", "expected number"],
  [["--watch-namespaces", "media,"], "--watch-namespaces", "expected names of namespaces"],
  [["--log-level", "loud"], "--log-level: ", '"debug"|"info"|"warn"|"error"'],
])("%s is refused by the flag's name, with what was expected", (flags, name, expected) => {
  expect(() => read(...flags)).toThrow("jobwright-operator cannot start");
  expect(() => read(...flags)).toThrow(name);
  expect(() => read(...flags)).toThrow(expected);
});
