import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { TracerProvider } from "@opentelemetry/sdk-trace";

/**
 * Tells when the worker has done with a run: its outcome is safe and its delivery acked, or that was lost. The runtime's
 * span of a run ends then, some time after the handler, which cannot see it.
 *
 * @returns to be called within the handler, with the run's number.
 */
export function watchSettling(onSettled: (run: number) => void): (run: number) => void {
  const runs = new Map<string, number>();
  const processor = {
    onStart() {},
    onEnd(span: { spanContext(): { spanId: string } }) {
      const { spanId } = span.spanContext();
      const run = runs.get(spanId);
      runs.delete(spanId);
      if (run !== undefined) onSettled(run);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  return (run) => {
    const span = trace.getActiveSpan();
    if (span === undefined) throw new Error("the run has no span: the worker does not see the registered tracer");
    runs.set(span.spanContext().spanId, run);
  };
}
