import type { DeadLetterReason } from "../contract/index.ts";
import { asError, InvalidInput, MessageTooLarge, messageOf, Undecryptable } from "../errors.ts";
import type { Job } from "../job.ts";
import { decrypt, encrypt } from "./encryption.ts";
import { compileSchema, type JsonSchemas, type SchemaCheck } from "./json-schema.ts";
import type { Keyring } from "./keyring.ts";
import type { JobMessage } from "./message.ts";
import { type Checked, checkValue } from "./schema.ts";

type InputOf = Pick<Job, "name" | "input">;

/** A message's body read as a job's input, or why it is none. */
export type OpenedInput =
  | { readonly ok: true; readonly input: unknown }
  | { readonly ok: false; readonly reason: DeadLetterReason; readonly error: Error };

/** An input as a message's body. */
export interface SealedInput {
  readonly content: Buffer;
  /** Id of the key that it is encrypted with. */
  readonly encryption?: string;
}

export interface InputRules {
  /** Resolved name of the queue, which an encrypted body is bound to. */
  readonly queue: string;
  /** JSON Schemas to check beside the jobs' own. */
  readonly schemas?: JsonSchemas | undefined;
  /** Bodies are encrypted. */
  readonly keyring?: Keyring | undefined;
  /** Largest body, in bytes, encrypted as it is. Default {@link defaultMaxMessageBytes}. */
  readonly maxMessageBytes?: number | undefined;
}

/** RabbitMQ's own limit since 4.0 (`max_message_size`). */
export const defaultMaxMessageBytes: number = 16 * 1024 * 1024;

/**
 * Between inputs and message bodies, the same in producer and worker: size, encryption, JSON, JSON Schema, the job's own
 * schema. What needs no waiting is answered at once, without a promise.
 */
export interface InputCodec {
  /** Reads the body of a delivery. Never throws, nor rejects. */
  open(job: InputOf, message: Pick<JobMessage, "id" | "content" | "encryption">): OpenedInput | Promise<OpenedInput>;
  /**
   * Checks an input as a worker will read it (a Date, for one, arrives as a string) and writes it. Sent is the input as it
   * was given, since the worker's schema transforms it there.
   *
   * @throws InvalidInput, MessageTooLarge, ConfigurationError when the keys cannot be read: at once or by rejecting.
   */
  seal(job: InputOf, messageId: string, input: unknown): SealedInput | Promise<SealedInput>;
  /**
   * Reads the keys and compiles the schemas of these jobs, so that a worker that could open nothing ends at once instead
   * of refusing jobs.
   *
   * @throws ConfigurationError saying what is wrong with either.
   */
  prepare(jobs: readonly InputOf[]): Promise<void>;
}

export function createInputCodec(rules: InputRules): InputCodec {
  const { queue, schemas = {}, keyring, maxMessageBytes = defaultMaxMessageBytes } = rules;
  const checks = new Map<string, SchemaCheck | undefined>();

  function schemaCheck(name: string): SchemaCheck | undefined {
    if (!checks.has(name)) {
      const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
      checks.set(name, schema && compileSchema(`the schema of job "${name}" of JobQueue ${queue}`, schema));
    }
    return checks.get(name);
  }

  function read(job: InputOf, text: string): OpenedInput | Promise<OpenedInput> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return invalid(`the body is not JSON: ${messageOf(error)}`);
    }
    const problem = schemaCheck(job.name)?.(value);
    if (problem !== undefined) {
      return invalid(`the input of "${job.name}" does not fit the schema of its JobQueue:\n${problem}`);
    }
    const checked = checkValue(job.input, value, `the input of "${job.name}"`);
    return checked instanceof Promise ? checked.then(asOpened) : asOpened(checked);
  }

  async function openEncrypted(
    job: InputOf,
    message: Parameters<InputCodec["open"]>[1],
    keys: Keyring,
  ): Promise<OpenedInput> {
    const { encryption, id: messageId, content } = message;
    if (encryption === undefined) {
      return undecryptable(
        `the queue ${queue} takes encrypted jobs only, and this one is plain: give its producer the keyring`,
      );
    }
    const key = await keys.find(encryption);
    if (key === undefined) {
      return undecryptable(
        `the keyring has no key "${encryption}", which the body is encrypted with: add it and send the job again`,
      );
    }
    const plain = decrypt(content, key, { messageId, queue });
    if (plain === undefined) {
      return undecryptable(
        `the body cannot be decrypted with key "${encryption}": it, its message id or its queue (${queue}) was altered, or the key has another value`,
      );
    }
    return await read(job, plain.toString("utf8"));
  }

  async function encrypted(content: Buffer, messageId: string, keys: Keyring): Promise<SealedInput> {
    const key = await keys.current();
    return sized({ content: encrypt(content, key, { messageId, queue }), encryption: key.id });
  }

  function sized(body: SealedInput): SealedInput {
    const { length } = body.content;
    if (length > maxMessageBytes) throw new MessageTooLarge(length, maxMessageBytes);
    return body;
  }

  return {
    open(job, message) {
      const { length } = message.content;
      if (length > maxMessageBytes) {
        return { ok: false, reason: "TooLarge", error: new MessageTooLarge(length, maxMessageBytes) };
      }
      try {
        if (keyring !== undefined) return openEncrypted(job, message, keyring).catch(failedToRead);
        if (message.encryption !== undefined) {
          return undecryptable(
            `the body is encrypted with key "${message.encryption}" and this worker has no keyring: set the JobQueue's spec.encryption`,
          );
        }
        return read(job, message.content.toString("utf8"));
      } catch (error) {
        return failedToRead(error);
      }
    },
    async prepare(jobs) {
      for (const { name } of jobs) schemaCheck(name);
      await keyring?.current();
    },
    seal(job, messageId, input) {
      const text = write(job, input);
      const seal = (opened: OpenedInput) => {
        if (!opened.ok) throw opened.error;
        const content = Buffer.from(text);
        return keyring === undefined ? sized({ content }) : encrypted(content, messageId, keyring);
      };
      const opened = read(job, text);
      return opened instanceof Promise ? opened.then(seal) : seal(opened);
    },
  };
}

function write(job: InputOf, input: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(input);
  } catch (error) {
    throw new InvalidInput(`the input of "${job.name}" cannot be written as JSON: ${messageOf(error)}`);
  }
  if (text === undefined) {
    throw new InvalidInput(`the input of "${job.name}" is ${typeof input}, which JSON has no word for`);
  }
  return text;
}

function asOpened(checked: Checked): OpenedInput {
  return checked.ok ? { ok: true, input: checked.value } : invalid(checked.problem);
}

function invalid(problem: string): OpenedInput {
  return { ok: false, reason: "InvalidInput", error: new InvalidInput(problem) };
}

function undecryptable(problem: string): OpenedInput {
  return { ok: false, reason: "Undecryptable", error: new Undecryptable(problem) };
}

// Neither happens after prepare(): no keys could be read, or a JSON Schema is none.
function failedToRead(error: unknown): OpenedInput {
  return { ok: false, reason: "InvalidInput", error: asError(error) };
}
