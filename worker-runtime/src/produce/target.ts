import { type AddressSource, addressOfBinding, addressOfUri, readBinding } from "../broker/address.ts";
import { type Binding, isQueueName } from "../contract/index.ts";
import { ConfigurationError, DefinitionError, messageOf } from "../errors.ts";
import type { JsonSchemas } from "../message/json-schema.ts";
import { shown } from "../shown.ts";

/** Which broker and queue, in one of three ways. */
export type ProducerTarget =
  /** A broker's URI and the queue's resolved name, `<namespace>.<name>`. */
  | { readonly url: string; readonly queue: string; readonly ca?: string; readonly schemas?: JsonSchemas }
  /** The facts of a binding, for example read from environment variables. */
  | { readonly binding: Binding }
  /** The directory where the Secret that the JobQueue's `status.binding.name` names is mounted; read at every connect. */
  | { readonly bindingDirectory: string };

/** What a producer needs to know of its queue. */
export interface QueueFacts {
  /** Resolved name. */
  readonly queue: string;
  readonly schemas: JsonSchemas;
  /** Largest body, in bytes, where the JobQueue says it. */
  readonly maxMessageBytes?: number;
}

/** Where a producer's jobs go. */
export interface Target {
  readonly address: AddressSource;
  /** A promise only until they were read once; the same object until they change. @throws ConfigurationError */
  facts(): QueueFacts | Promise<QueueFacts>;
}

/** @throws DefinitionError or ConfigurationError when it is wrong. */
export function resolveTarget(target: ProducerTarget): Target {
  if ("bindingDirectory" in target) {
    requireText("bindingDirectory", target.bindingDirectory, "the directory where the JobQueue's Secret is mounted");
    return mountedTarget(target.bindingDirectory);
  }
  if ("binding" in target && (typeof target.binding !== "object" || target.binding === null)) {
    throw new DefinitionError(
      `createProducer: binding is ${shown(target.binding)}: expected the facts of the JobQueue's Secret, uri and queue among them`,
    );
  }
  const facts =
    "binding" in target ? factsOf("binding", target.binding) : { queue: target.queue, schemas: target.schemas ?? {} };
  const { url, ca } = "binding" in target ? { url: target.binding.uri, ca: target.binding["ca.crt"] } : target;
  if (!isQueueName(facts.queue)) {
    throw new DefinitionError(
      `createProducer: queue is ${shown(facts.queue)}: expected its resolved name, such as media.image-resize`,
    );
  }
  const address = addressOfUri(url, ca);
  return { address: async () => address, facts: () => facts };
}

/** An environment variable that is not set would otherwise be noticed at the first connection only, and not by its name. */
function requireText(option: string, value: unknown, expected: string): void {
  if (typeof value === "string" && value !== "") return;
  throw new DefinitionError(`createProducer: ${option} is ${shown(value)}: expected ${expected}`);
}

/** The password may change, and so may the schemas: all is read again at every connect. */
function mountedTarget(directory: string): Target {
  let known: { readonly text: string; readonly facts: QueueFacts } | undefined;
  let reading: Promise<Binding> | undefined;

  async function read(): Promise<Binding> {
    try {
      const read = await readBinding(directory);
      const text = JSON.stringify([read.queue, read.schemas, read["max-message-bytes"]]);
      if (known?.text !== text) known = { text, facts: factsOf(directory, read) };
      return read;
    } finally {
      reading = undefined;
    }
  }

  return {
    address: async () => addressOfBinding(await read()),
    facts() {
      if (known !== undefined) return known.facts;
      reading ??= read();
      return reading.then((read) => known?.facts ?? factsOf(directory, read));
    },
  };
}

function factsOf(where: string, { queue, schemas = "{}", "max-message-bytes": most }: Binding): QueueFacts {
  try {
    return {
      queue,
      schemas: JSON.parse(schemas),
      ...(most === undefined ? {} : { maxMessageBytes: Number(most) }),
    };
  } catch (error) {
    throw new ConfigurationError(`${where}: schemas is not JSON (${messageOf(error)}): the operator writes it`);
  }
}
