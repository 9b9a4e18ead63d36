import { expect, test } from "vitest";
import type { LogFormat } from "../contract/index.ts";
import { type createLog, forHandler, openLog } from "./log.ts";

type Write = (log: ReturnType<typeof createLog>) => void;

async function written(format: LogFormat, write: Write): Promise<Record<string, unknown>> {
  const lines: string[] = [];
  write(await openLog("info", format, { write: (line) => void lines.push(line) }));
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "");
}
const facts = {
  job: "resize",
  id: "m-1",
  attempt: 2,
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
};

test("ecs: a job's line has the schema's names, error and trace among them", async () => {
  const line = await written("ecs", (log) =>
    log.child(facts).warn({ err: new TypeError("no such image") }, "to be tried again"),
  );
  expect(line).toMatchObject({
    "@timestamp": expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    "log.level": "warn",
    "ecs.version": expect.any(String),
    message: "to be tried again",
    "trace.id": facts.traceId,
    "span.id": facts.spanId,
    "jobwright.job": "resize",
    "jobwright.id": "m-1",
    "jobwright.attempt": 2,
    error: {
      type: "TypeError",
      message: "no such image",
      stack_trace: expect.stringContaining("TypeError: no such image\n"),
    },
  });
  for (const plain of ["msg", "level", "time", "err", "job", "id", "traceId"]) expect(line).not.toHaveProperty(plain);
});

test("ecs: what a handler says and binds keeps its names, and the worker's own fields get theirs", async () => {
  const handlers = await written("ecs", (log) =>
    forHandler(log.child(facts))
      .child({ id: "mine" })
      .info({ reason: "own", err: new TypeError("no") }, "x"),
  );
  expect(handlers).toMatchObject({ "jobwright.id": "m-1", id: "mine", reason: "own", error: { type: "TypeError" } });
  const workers = await written("ecs", (log) => log.child(facts).info({ reason: "lost", constructor: 1 }, "x"));
  expect(workers).toMatchObject({ "jobwright.reason": "lost", constructor: 1 });
});

test("json: a handler's log is the worker's own", async () => {
  const line = await written("json", (log) => forHandler(log.child(facts)).info({ reason: "own" }, "x"));
  expect(line).toMatchObject({ ...facts, reason: "own", service: "jobwright-worker" });
});

test.each<[string, LogFormat, Error]>([
  ["is frozen", "json", Object.freeze(new TypeError("no"))],
  ["is frozen", "ecs", Object.freeze(new TypeError("no"))],
  ["has a getter that throws", "json", unreadable()],
  ["has a getter that throws", "ecs", unreadable()],
  ["holds a frozen one", "json", Object.assign(new TypeError("no"), { inner: Object.freeze(new Error("inside")) })],
])("an error that %s is told, in %s", async (_, format, err) => {
  const line = await written(format, (log) => log.error({ err }, "to be tried again"));
  expect(line[format === "ecs" ? "error" : "err"]).toMatchObject({ type: "TypeError", message: "no" });
});

function unreadable(): Error {
  const get = () => {
    throw new Error("not to be read");
  };
  return Object.defineProperty(new TypeError("no"), "detail", { enumerable: true, get });
}

test("json: pino's names, with the level by its name", async () => {
  const line = await written("json", (log) => log.child(facts).error({ err: new TypeError("no") }, "x"));
  expect(line).toMatchObject({ level: "error", msg: "x", ...facts, err: { type: "TypeError", message: "no" } });
});
