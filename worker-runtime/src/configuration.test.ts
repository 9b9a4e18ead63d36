import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { mountedSettings, resolveSettings } from "./configuration.ts";
import { defaultRetryPolicy, protocolVersion } from "./contract/index.ts";

const mounted = {
  version: protocolVersion,
  namespace: "media",
  pool: "resizers",
  queue: "media.resize",
  concurrency: 4,
  retry: defaultRetryPolicy,
  drainTimeoutMs: 60_000,
};

async function file(content: unknown): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), "worker-")), "worker.json");
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

describe("in a pod", () => {
  const env = { JOBWRIGHT_POD_NAME: "resizers-1" };

  test("the mounted file says it all", async () => {
    expect(await mountedSettings(await file(mounted), "/nowhere", env)).toMatchObject({
      queue: "media.resize",
      concurrency: 4,
      worker: "media.resizers.resizers-1",
      identity: { namespace: "media", pool: "resizers", pod: "resizers-1" },
    });
  });

  test("a queue that encrypts has its keyring where the operator mounts it", async () => {
    const settings = await mountedSettings(await file({ ...mounted, encrypted: true }), "/nowhere", env);
    expect(settings.keyring).toEqual({ keyringDirectory: "/etc/jobwright/keyring" });
  });

  test.each([
    ["{", "is not JSON"],
    [{ ...mounted, concurrency: 0 }, "concurrency: "],
    [{ ...mounted, version: "2.0" }, "version: expected protocol version 1.x"],
  ])("a wrong file is refused: %j", async (content, message) => {
    await expect(mountedSettings(await file(content), "/nowhere", env)).rejects.toThrow(message);
  });

  test("a newer minor version is read", async () => {
    const settings = await mountedSettings(await file({ ...mounted, version: "1.7", extra: 1 }), "/nowhere", env);
    expect(settings.queue).toBe("media.resize");
  });

  test("without its pod's name it says who sets it", async () => {
    await expect(mountedSettings(await file(mounted), "/nowhere", {})).rejects.toThrow("JOBWRIGHT_POD_NAME is not set");
  });
});

describe("by hand", () => {
  test("the defaults are those of a JobQueue, and there is no operator to report to", async () => {
    const keyring = await resolveSettings({ broker: "amqp://localhost", queue: "a.b", keyring: "./keys" }, {});
    expect(keyring.keyring).toEqual({ keyringDirectory: "./keys" });
    const settings = await resolveSettings({ broker: "amqp://localhost", queue: "a.b" }, {});
    expect(settings).toMatchObject({ queue: "a.b", concurrency: 1, retry: defaultRetryPolicy, identity: undefined });
  });

  test.each([
    [{ broker: "amqp://localhost" }, "--broker needs --queue"],
    [
      { broker: "amqp://localhost", queue: "media/resize" },
      '--queue is "media/resize": expected the queue\'s resolved name',
    ],
    [{ queue: "a.b" }, "--queue, --concurrency, --lane, --bounded, --rate and --keyring go with --broker"],
    [{ config: "/no/such/file" }, "cannot read /no/such/file (ENOENT)"],
  ])("%j is refused", async (line, message) => {
    await expect(resolveSettings(line, {})).rejects.toThrow(message);
  });
});
