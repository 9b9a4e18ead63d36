import { describe, expect, test } from "vitest";
import { kubectl, type Printed } from "./kubectl.ts";
import { condition, eventually, setScene } from "./scene.ts";

/** What a command printed, with runs of blanks as one. @throws its words if it failed. */
function printed({ ok, stdout, stderr }: Printed): string {
  if (!ok) throw new Error(stderr);
  return stdout.replaceAll(/[ \t]+/g, " ");
}

const template = { spec: { containers: [{ name: "handlers", image: "localhost/nowhere:1" }] } };

describe("a person reads", () => {
  test("kubectl get and describe: what there is, whether it works, and why not", async (context) => {
    const scene = await setScene(context);
    const { namespace } = scene;
    await scene.applyQueue("mail");
    await eventually(async () => expect(condition(await scene.queue("mail"), "Ready")).toMatch("Ready=True"));
    await scene.applyPool("mail", { template });
    await scene.applyPool("lonely", { template, queueRef: { name: "nowhere" } });
    await eventually(async () => {
      expect(condition(await scene.pool("mail"), "Ready")).toMatch("Ready=True");
      expect(condition(await scene.pool("lonely"), "Ready")).toMatch("Ready=False");
      expect((await scene.pool("mail"))?.status?.backlog).toBe(0);
      expect((await scene.queue("mail"))?.status?.jobs?.waiting).toBe(0);
    });

    const all = printed(await kubectl(["get", "jobwright", "-n", namespace]));
    expect(all).toMatch(/^NAME READY REASON WAITING RUNNING DEAD PAUSED AGE$/m);
    expect(all).toMatch(/^jobqueue\.jobwright\.dev\/mail True Provisioned 0 0 0 [\dms]+$/m);
    expect(all).toMatch(/^NAME QUEUE READY REASON WORKERS DESIRED BUSY WAITING AGE$/m);
    expect(all).toMatch(/^workerpool\.jobwright\.dev\/mail mail True AtZero 0 0 0 0 [\dms]+$/m);
    expect(all).toMatch(/^workerpool\.jobwright\.dev\/lonely nowhere False QueueNotFound/m);

    const wide = printed(await kubectl(["get", "jq,wp", "-o", "wide", "-n", namespace]));
    expect(wide).toContain(`${namespace}.mail ${scene.server.version}`);
    expect(wide).toMatch(/MODE LAG DECISION/);

    // Events come a moment after the status.
    await eventually(async () => {
      const queue = printed(await kubectl(["describe", "jobqueue", "mail", "-n", namespace]));
      expect(queue).toContain(`Exchange: ${namespace}.mail`);
      expect(queue).toContain(`Dead Letter Queue: ${namespace}.mail.dead`);
      expect(queue).toContain("with the credentials in Secret mail-producer");
      expect(queue).toMatch(/Normal Provisioned .* publish to exchange/);
      expect(queue).toMatch(/Max Attempts: 3/);

      const pool = printed(await kubectl(["describe", "workerpool", "lonely", "-n", namespace]));
      expect(pool).toContain(`JobQueue ${namespace}/nowhere (spec.queueRef.name) does not exist: create it`);
      expect(pool).toMatch(/Warning QueueNotFound/);
    });
    // Where all went well from the start there is nothing to be warned of.
    expect(printed(await kubectl(["describe", "workerpool", "mail", "-n", namespace]))).not.toContain("Warning");
  });

  test.each([
    [
      "workerpool.spec.scaling",
      ["mode <string>", "enum: Auto, Recommend, Manual", "targetWait <string>", "idleDelay <string>"],
    ],
    ["workerpool.spec.scaling.targetWait", ["a job should start within this time of being enqueued"]],
    ["workerpool.spec.template", ["The pods that run the handlers"]],
    ["jobqueue.spec", ["deletionPolicy <string>", "Immutable", "What happens to a job whose handler fails"]],
    ["jobqueue.spec.retry.backoff", ["initial × multiplier for each failed attempt, at most max"]],
    ["wp.status.decision", ["The last decision that changed the number of workers"]],
  ])("kubectl explain %s", async (field, essentials) => {
    const explained = printed(await kubectl(["explain", field])).replaceAll(/\s+/g, " ");
    for (const essential of essentials) expect(explained).toContain(essential);
    expect(explained).not.toContain("<no description>");
  });
});
