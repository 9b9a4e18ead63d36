import { Counter, Registry } from "prom-client";
import { expect, test } from "vitest";
import { serveTelemetry } from "./server.ts";

test("serves metrics, health and readiness, and says what is not there", async () => {
  const registry = new Registry();
  new Counter({ name: "letters_total", help: "Letters.", registers: [registry] }).inc(3);
  let ready = false;
  await using server = await serveTelemetry({
    port: 0,
    registry,
    awaits: () => (ready ? [] : ["jobqueues.jobwright.dev in media"]),
  });
  const ask = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return { status: response.status, text: await response.text() };
  };
  expect((await ask("/metrics")).text).toContain("letters_total 3");
  expect(await ask("/healthz")).toEqual({ status: 200, text: "ok" });
  expect(await ask("/readyz")).toMatchObject({
    status: 503,
    text: expect.stringContaining("jobqueues.jobwright.dev in media"),
  });
  ready = true;
  expect((await ask("/readyz")).status).toBe(200);
  expect((await ask("/")).status).toBe(404);
});

test("a port that is taken is an error", async () => {
  const options = { registry: new Registry(), awaits: () => [] };
  await using server = await serveTelemetry({ ...options, port: 0 });
  await expect(serveTelemetry({ ...options, port: server.port })).rejects.toThrow("EADDRINUSE");
});
