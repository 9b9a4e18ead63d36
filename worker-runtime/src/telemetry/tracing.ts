import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import type { JobMessage } from "../message/message.ts";

/**
 * Spans by OpenTelemetry's semantic conventions for messaging and RabbitMQ. Only the API is used: whoever wants spans
 * registers an SDK in their own process, and without one all of this costs a look whether there is one.
 */
const tracer = trace.getTracer("@jobwright/worker-runtime");

/** Whether an SDK is registered: it may be so at any time. */
function isTraced(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer("") !== undefined;
}

/** Trace context as message headers: `traceparent` and `tracestate`, none without an SDK. */
export type TraceHeaders = Readonly<Record<string, string>>;

/** What spans tell about a job. */
export interface TracedJob {
  readonly id: string;
  readonly name: string;
  /** Resolved name of the queue, which is also the exchange's. */
  readonly queue: string;
  readonly routingKey: string;
  readonly bodyBytes: number;
}

/** The span of sending one job. */
export interface SendSpan {
  /** To be sent with the job. */
  readonly headers: TraceHeaders;
  /** The broker has confirmed it, or it failed. */
  end(error?: unknown): void;
}

const noSend: SendSpan = { headers: {}, end() {} };

/**
 * Begins the span `send <queue>`, a child of the active one; or `create <queue>` for a job that is made now, and sent
 * together with others later.
 */
export function startSend(job: TracedJob, operation: "send" | "create" = "send"): SendSpan {
  if (!isTraced()) return noSend;
  const span = tracer.startSpan(`${operation} ${job.queue}`, {
    kind: SpanKind.PRODUCER,
    attributes: attributesOf(job, operation),
  });
  const headers: Record<string, string> = {};
  propagation.inject(trace.setSpan(context.active(), span), headers);
  return { headers, end: (error) => endSpan(span, error) };
}

/** What a log says of a span. */
export interface TraceIds {
  readonly traceId: string;
  readonly spanId: string;
}

/** The span of running one job. */
export interface ProcessSpan {
  /** For the job's log; undefined without an SDK. */
  readonly ids: TraceIds | undefined;
  /** Calls `work` with the span active. */
  within<Result>(work: () => Result): Result;
  /** @param error why the run failed; undefined when it did not. */
  end(error?: unknown): void;
}

const noProcess: ProcessSpan = { ids: undefined, within: (work) => work(), end() {} };

/**
 * Begins the span `process <queue>`: a child of the span that sent the job, and linked to it. Retries carry the headers
 * of whoever enqueued the job, so that all attempts hang on the same span.
 *
 * @param message whose headers may hold a trace context; those that are none are ignored.
 * @param queue its resolved name.
 */
export function startProcess(message: JobMessage, queue: string): ProcessSpan {
  if (!isTraced()) return noProcess;
  const { id, name, attempt, content, received } = message;
  const job = { id, name, queue, routingKey: received.fields.routingKey, bodyBytes: content.length };
  const sender = propagation.extract(ROOT_CONTEXT, received.properties.headers ?? {}, textGetter);
  const creation = trace.getSpanContext(sender);
  const span = tracer.startSpan(
    `process ${queue}`,
    {
      kind: SpanKind.CONSUMER,
      attributes: { ...attributesOf(job, "process"), "jobwright.job.attempt": attempt },
      links: creation === undefined ? [] : [{ context: creation }],
    },
    sender,
  );
  const active = trace.setSpan(sender, span);
  return {
    ids: idsOf(span),
    within: (work) => context.with(active, work),
    end: (error) => endSpan(span, error),
  };
}

/** The active trace context, for another thread. */
export function traceHeaders(): TraceHeaders {
  const headers: Record<string, string> = {};
  propagation.inject(context.active(), headers);
  return headers;
}

/** Calls `work` in the trace context that another thread has sent. */
export function withTraceHeaders<Result>(headers: TraceHeaders, work: () => Result): Result {
  return context.with(propagation.extract(ROOT_CONTEXT, headers), work);
}

/** The active context, for work that is done later on behalf of what runs now. */
export function activeContext(): { within<Result>(work: () => Result): Result } {
  const active: Context = context.active();
  return { within: (work) => context.with(active, work) };
}

function attributesOf(
  { id, name, queue, routingKey, bodyBytes }: TracedJob,
  operation: "send" | "create" | "process",
): Attributes {
  return {
    "messaging.system": "rabbitmq",
    "messaging.operation.type": operation,
    "messaging.operation.name": operation,
    "messaging.destination.name": queue,
    "messaging.rabbitmq.destination.routing_key": routingKey,
    "messaging.message.id": id,
    "messaging.message.body.size": bodyBytes,
    "jobwright.job.name": name,
  };
}

function endSpan(span: Span, error: unknown): void {
  if (error !== undefined) {
    const known = error instanceof Error ? error : undefined;
    span.setAttribute("error.type", known?.name ?? typeof error);
    span.setStatus({ code: SpanStatusCode.ERROR, message: known?.message ?? String(error) });
    if (known !== undefined) span.recordException(known);
  }
  span.end();
}

function idsOf(span: Span): TraceIds | undefined {
  const ids = span.spanContext();
  return isSpanContextValid(ids) ? { traceId: ids.traceId, spanId: ids.spanId } : undefined;
}

// Headers come from anywhere: what is no text is no trace context.
const textGetter = {
  keys: (headers: Readonly<Record<string, unknown>>) => Object.keys(headers),
  get(headers: Readonly<Record<string, unknown>>, key: string) {
    const value = headers[key];
    return typeof value === "string" ? value : undefined;
  },
};
