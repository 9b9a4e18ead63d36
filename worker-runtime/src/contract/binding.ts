import { z } from "zod";

/**
 * Connection facts as files of a directory or keys of a Secret, in Service Binding layout (servicebinding.io): what the
 * operator writes for a producer or a pool, and what a worker or producer reads.
 */
export const binding = z.object({
  type: z.literal("rabbitmq"),
  provider: z.literal("jobwright"),
  host: z.string().min(1),
  port: z.string().regex(/^[0-9]+$/),
  username: z.string().min(1),
  password: z.string().min(1),
  "virtual-host": z.string().min(1),
  /** The same as one URI, for clients that take one. */
  uri: z.string().min(1),
  /** Resolved name of the JobQueue; also the exchange to publish to. */
  queue: z.string().min(1),
  /** JSON Schema of the input, by job name, as one JSON text. */
  schemas: z.string().min(1).optional(),
  /** Largest body in bytes, where the JobQueue says it. */
  "max-message-bytes": z
    .string()
    .regex(/^[1-9][0-9]*$/)
    .optional(),
  /** PEM of the CA that signed the broker's certificate, where it is a private one. */
  "ca.crt": z.string().min(1).optional(),
});
export type Binding = z.infer<typeof binding>;

/** `amqp://` or `amqps://` URI of a binding's facts, every part percent-encoded. */
export function bindingUri(facts: {
  tls: boolean;
  host: string;
  port: number;
  username: string;
  password: string;
  vhost: string;
}): string {
  const part = encodeURIComponent;
  const host = facts.host.includes(":") ? `[${facts.host}]` : facts.host;
  const scheme = facts.tls ? "amqps" : "amqp";
  return `${scheme}://${part(facts.username)}:${part(facts.password)}@${host}:${facts.port}/${part(facts.vhost)}`;
}
