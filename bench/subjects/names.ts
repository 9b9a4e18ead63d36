import type { Subject } from "./subject.ts";

/** Every subject by name. A child process loads only its own, so that none pays for another's code. */
const subjects = {
  jobwright: async () => (await import("./jobwright.ts")).jobwright,
  /** As many deliveries as handlers: none waits in the consumer. */
  amqplib: async () => (await import("./amqplib.ts")).amqplib((concurrency) => concurrency),
  /** More deliveries than handlers, to hide the round trip: what is usually the fastest. */
  "amqplib-ahead": async () => (await import("./amqplib.ts")).amqplib((concurrency) => concurrency + 200),
  "rabbitmq-client": async () => (await import("./rabbitmq-client.ts")).rabbitmqClient,
  "bullmq-everysec": async () => (await import("./bullmq.ts")).bullmq,
  "bullmq-always": async () => (await import("./bullmq.ts")).bullmq,
} satisfies Record<string, () => Promise<Subject>>;

export type SubjectName = keyof typeof subjects;

export const loadSubject = (name: SubjectName): Promise<Subject> => subjects[name]();

/** Whether the subject's jobs are in RabbitMQ; else they are in Redis. */
export const usesRabbit = (name: SubjectName): boolean => !name.startsWith("bullmq");
