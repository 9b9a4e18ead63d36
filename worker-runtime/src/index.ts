/** Write job handlers and enqueue jobs. What operator and worker agree on is in `@jobwright/worker-runtime/contract`. */
export {
  BatchFailed,
  ConfigurationError,
  DefinitionError,
  DeliveryLost,
  DrainDeadline,
  HandlerThreadEnded,
  InvalidInput,
  InvalidOptions,
  InvalidOutput,
  JobExpired,
  JobHung,
  JobTimedOut,
  MessageTooLarge,
  Nacked,
  ProducerClosed,
  ProducerOverloaded,
  PublishRefused,
  Unroutable,
} from "./errors.ts";
export * from "./idempotency/index.ts";
export { type ChildOptions, defineJob, type Job, type JobContext, type JobOptions } from "./job.ts";
export { createProducer, type EnqueueOptions, type Producer, type ProducerOptions } from "./produce/producer.ts";
export { GiveUp, RetryLater } from "./run/handler-outcome.ts";
export {
  type CircuitBreakerSettings,
  defineWorker,
  type WorkerDefinition,
  type WorkerDefinitionOptions,
} from "./worker-definition.ts";
