import { expect, it } from "vitest";
import { readHeartbeat } from "./heartbeats.ts";

const report = {
  version: "1.0",
  namespace: "media",
  pool: "resizers",
  pod: "resizers-abc",
  epoch: 1,
  sequence: 0,
  state: "Running",
  slots: 2,
  busy: 0,
  held: 0,
  started: 0,
  completed: 0,
  failed: 0,
  retried: 0,
  busySeconds: 0,
  waitSecondsSum: 0,
  lastWaitSeconds: null,
  oldestRunningSeconds: null,
};
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value));

it("readHeartbeat takes a report that came under its own pool's name", () => {
  expect(readHeartbeat(bytes(report), "media.resizers.resizers-abc")).toEqual(report);
});

it("readHeartbeat refuses a report that speaks for another pool than its sender's", () => {
  expect(readHeartbeat(bytes(report), "media.evil.resizers-abc")).toMatch(/speaks for pool media\/resizers/);
});

it("readHeartbeat says what is wrong with one that it cannot read", () => {
  expect(readHeartbeat(Buffer.from("{"), "a.b.c")).toBe("it is not JSON");
  expect(readHeartbeat(Buffer.alloc(1_000_000, "["), "a.b.c")).toMatch(/^it has 1000000 bytes/);
  expect(readHeartbeat(bytes({ ...report, version: "2.0" }), "media.resizers.x")).toMatch(/^version: .*upgrade/);
  expect(readHeartbeat(bytes({ ...report, busy: -1 }), "media.resizers.x")).toMatch(/^busy: /);
});
