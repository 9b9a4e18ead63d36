import { join } from "node:path";
import { createProducer, defineJob } from "@jobwright/worker-runtime";
import { context, propagation, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { isolated } from "./isolated-jobs.ts";
import { createTestQueue, type TestQueue } from "./job-queue.ts";
import { memoryLog } from "./memory-log.ts";
import { runWorker } from "./running-worker.ts";
import { until } from "./until.ts";

const exporter = new InMemorySpanExporter();

beforeAll(() => {
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});
beforeEach(() => exporter.reset());

const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
const untilSpans = (name: string, count: number) =>
  until(`${count} spans "${name}"`, () => spans(name).length >= count && spans(name));

function producerOf(queue: TestQueue) {
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: queue.name });
  onTestFinished(() => producer.close());
  return producer;
}

/** `child` was begun within `parent`. */
function expectChild(child: ReadableSpan | undefined, parent: ReadableSpan | undefined): void {
  expect(child?.parentSpanContext?.spanId).toBe(parent?.spanContext().spanId);
  expect(child?.spanContext().traceId).toBe(parent?.spanContext().traceId);
}

const child = defineJob({ name: "thumbnail", input: z.object({}), run() {} });

test("one trace: who enqueues, the send, every attempt, the handler's own spans, and its children", async () => {
  const queue = await createTestQueue();
  const { log, said } = memoryLog();
  const resize = defineJob({
    name: "resize",
    input: z.object({ width: z.number() }),
    async run(_, job) {
      trace.getTracer("user").startSpan("the handler's own").end();
      if (job.attempt === 1) throw new TypeError("not yet");
      job.log.info("second attempt");
      await job.enqueue(child, {});
    },
  });
  await runWorker(queue, [resize, child], {}, { log });
  const id = await trace.getTracer("user").startActiveSpan("request", async (span) => {
    const enqueued = await producerOf(queue).enqueue(resize, { width: 640 });
    span.end();
    return enqueued;
  });
  const [first, second, third] = await untilSpans(`process ${queue.name}`, 3);
  const [request] = spans("request");
  const [send] = spans(`send ${queue.name}`);
  const [create] = spans(`create ${queue.name}`);

  expectChild(send, request);
  expect(send?.kind).toBe(SpanKind.PRODUCER);
  expect(send?.attributes).toEqual({
    "messaging.system": "rabbitmq",
    "messaging.operation.type": "send",
    "messaging.operation.name": "send",
    "messaging.destination.name": queue.name,
    "messaging.rabbitmq.destination.routing_key": "resize",
    "messaging.message.id": id,
    "messaging.message.body.size": Buffer.byteLength('{"width":640}'),
    "jobwright.job.name": "resize",
  });

  expectChild(first, send);
  expect(first?.kind).toBe(SpanKind.CONSUMER);
  expect(first?.links.map(({ context: { spanId } }) => spanId)).toEqual([send?.spanContext().spanId]);
  expect(first?.attributes).toMatchObject({
    "messaging.operation.type": "process",
    "messaging.message.id": id,
    "jobwright.job.attempt": 1,
    "error.type": "TypeError",
  });
  expect(first?.status).toEqual({ code: SpanStatusCode.ERROR, message: "not yet" });
  expectChild(second, send);
  expect(second?.attributes).toMatchObject({ "messaging.message.id": id, "jobwright.job.attempt": 2 });
  expect(second?.attributes).not.toHaveProperty("error.type");
  expect(second?.status.code).toBe(SpanStatusCode.UNSET);
  const [own, ownAgain] = spans("the handler's own");
  expectChild(own, first);
  expectChild(ownAgain, second);

  expectChild(create, second);
  expectChild(third, create);
  expect(third?.attributes).toMatchObject({ "jobwright.job.name": "thumbnail" });

  expect(await said("second attempt")).toMatchObject({
    id,
    traceId: second?.spanContext().traceId,
    spanId: second?.spanContext().spanId,
  });
});

test("a job that cannot be enqueued ends its span with the error", async () => {
  const queue = await createTestQueue();
  const producer = createProducer({ url: queue.vhost.amqpUrl, queue: "media.none" });
  onTestFinished(() => producer.close());
  await expect(producer.enqueue(child, {})).rejects.toThrow();
  expect(spans("send media.none")[0]?.attributes["error.type"]).toBe("Unroutable");
});

test("a job that another client enqueued begins a trace, or goes on with the one of its headers", async () => {
  const queue = await createTestQueue();
  await runWorker(queue, [child]);
  await queue.publish("thumbnail", {});
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  await queue.publish("thumbnail", {}, { headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` } });
  await queue.publish("thumbnail", {}, { headers: { traceparent: 17 } });
  const processed = await untilSpans(`process ${queue.name}`, 3);
  const parents = processed.map((span) => span.parentSpanContext?.spanId);
  expect(parents.filter((parent) => parent !== undefined)).toEqual(["b7ad6b7169203331"]);
  expect(processed.map((span) => span.spanContext().traceId)).toContain(traceId);
});

test("children of a handler in a thread hang on its span", async () => {
  const queue = await createTestQueue();
  const module = join(import.meta.dirname, "isolated-jobs.ts");
  await runWorker(queue, [isolated], {}, { module });
  await producerOf(queue).enqueue(isolated, { act: "enqueue" });
  const [processed] = await untilSpans(`process ${queue.name}`, 1);
  expectChild(spans(`create ${queue.name}`)[0], processed);
});
