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

test("the broker's Secret is a namespace and a name; an empty one is none", () => {
  expect(read("--default-broker-secret", "rabbit/admin").defaultBrokerSecret).toEqual({
    namespace: "rabbit",
    name: "admin",
  });
  vi.stubEnv("JOBWRIGHT_DEFAULT_BROKER_SECRET", "");
  expect(read().defaultBrokerSecret).toBeUndefined();
});

test("works in all namespaces unless one is named", () => {
  expect(read().watchNamespace).toBeUndefined();
  vi.stubEnv("JOBWRIGHT_WATCH_NAMESPACE", "");
  expect(read().watchNamespace).toBeUndefined();
  expect(read("--watch-namespace", "media").watchNamespace).toBe("media");
});

test("virtual hosts are a list", () => {
  expect(read("--allowed-vhosts", "a,b").allowedVhosts).toEqual(["a", "b"]);
});

test.each([
  [["--resync", "1 minute"], "--resync: ", "such as 250ms, 30s or 1h30m"],
  [["--default-broker-secret", "admin"], "--default-broker-secret: ", "expected <namespace>/<name> of a Secret"],
  [["--leader-elect", "yes"], "--leader-elect: ", '"true"|"false"'],
  [["--port", "http"], "--port: ", "expected number"],
  [["--log-level", "loud"], "--log-level: ", '"debug"|"info"|"warn"|"error"'],
])("%s is refused by the flag's name, with what was expected", (flags, name, expected) => {
  expect(() => read(...flags)).toThrow("jobwright-operator cannot start");
  expect(() => read(...flags)).toThrow(name);
  expect(() => read(...flags)).toThrow(expected);
});
