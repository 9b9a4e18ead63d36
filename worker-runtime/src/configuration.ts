import { readFile } from "node:fs/promises";
import { hostname } from "node:os";
import { type AddressSource, addressOfBinding, addressOfUri, readBinding } from "./broker/address.ts";
import {
  configurationPath,
  credentialsDirectory,
  defaultRetryPolicy,
  type EventBinding,
  environment,
  isQueueName,
  keyringDirectory,
  type Lane,
  type OutcomesPolicy,
  type RetryPolicy,
  type SharedRateLimit,
  type WorkerIdentity,
  workerConfiguration,
} from "./contract/index.ts";
import { ConfigurationError, messageOf } from "./errors.ts";
import type { JsonSchemas } from "./message/json-schema.ts";
import type { KeyringSource } from "./message/keyring.ts";
import { shown } from "./shown.ts";

/** All that a worker needs to know besides its jobs. */
export interface WorkerSettings {
  /** Resolved name of the queue, `<namespace>.<name>`. */
  readonly queue: string;
  /** Jobs run at once. */
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  readonly drainTimeoutMs: number;
  /** Served beside the work queue, whose own weight is 1. */
  readonly lanes: readonly Lane[];
  /** Limits bound the queue: retries and delayed jobs come back to a queue of their own. */
  readonly bounded: boolean;
  /** How messages from other exchanges are named. Default: by their routing key. */
  readonly bindings?: readonly EventBinding[];
  /** Whose outcomes are published. */
  readonly outcomes: OutcomesPolicy;
  readonly rateLimit: SharedRateLimit | undefined;
  /** Takes no jobs until it is told to. Default: false. */
  readonly paused?: boolean;
  /** JSON Schemas that inputs must fit beside their job's own. */
  readonly schemas: JsonSchemas;
  /** Where the keys of a queue are that encrypts. */
  readonly keyring: KeyringSource | undefined;
  /** Largest body, in bytes; undefined means RabbitMQ's own limit. */
  readonly maxMessageBytes: number | undefined;
  /** How long the broker lets a worker keep a job, where that is known. */
  readonly maxJobDurationMs?: number | undefined;
  /** What dead letters and the broker's management page call this worker. */
  readonly worker: string;
  /** Where it reports to and takes commands from; undefined outside Kubernetes, where no operator listens. */
  readonly identity: WorkerIdentity | undefined;
  readonly address: AddressSource;
}

/** What the command line may say. */
export interface CommandLine {
  readonly config?: string;
  readonly broker?: string;
  readonly queue?: string;
  readonly concurrency?: number;
  readonly lane?: readonly Lane[];
  readonly bounded?: boolean;
  readonly rate?: SharedRateLimit;
  readonly keyring?: string;
}

/**
 * With `--broker`, settings for a laptop: the default retry policy, no operator. Without, those that the operator mounted.
 *
 * @throws ConfigurationError
 */
export async function resolveSettings(line: CommandLine, env: NodeJS.ProcessEnv): Promise<WorkerSettings> {
  if (line.broker !== undefined) return laptopSettings(line.broker, line);
  const { queue, concurrency, lane, bounded, rate, keyring } = line;
  if ([queue, concurrency, lane, bounded, rate, keyring].some((option) => option !== undefined)) {
    throw new ConfigurationError(
      "--queue, --concurrency, --lane, --bounded, --rate and --keyring go with --broker: in a pod, the JobQueue and the WorkerPool say them",
    );
  }
  return await mountedSettings(line.config ?? configurationPath, credentialsDirectory, env);
}

/** Settings of a worker that is run by hand. */
function laptopSettings(broker: string, line: CommandLine): WorkerSettings {
  if (line.queue === undefined || line.queue === "") {
    throw new ConfigurationError("--broker needs --queue: the queue's resolved name, such as media.image-resize");
  }
  if (!isQueueName(line.queue)) {
    throw new ConfigurationError(
      `--queue is ${shown(line.queue)}: expected the queue's resolved name, such as media.image-resize`,
    );
  }
  const address = addressOfUri(broker);
  return {
    queue: line.queue,
    concurrency: line.concurrency ?? 1,
    retry: defaultRetryPolicy,
    drainTimeoutMs: 300_000,
    lanes: line.lane ?? [],
    bounded: line.bounded ?? false,
    outcomes: "None",
    rateLimit: line.rate,
    schemas: {},
    keyring: line.keyring === undefined ? undefined : { keyringDirectory: line.keyring },
    maxMessageBytes: undefined,
    worker: hostname(),
    identity: undefined,
    address: async () => address,
  };
}

/**
 * Settings that the operator mounted: `worker.json`, and credentials that are read again at every connect.
 *
 * @throws ConfigurationError naming the file and what is wrong with it.
 */
export async function mountedSettings(
  path: string,
  credentials: string,
  env: NodeJS.ProcessEnv,
): Promise<WorkerSettings> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ConfigurationError(
      `cannot read ${path} (${error.code}): the operator mounts it in a WorkerPool's pods; elsewhere, use --broker and --queue`,
    );
  });
  const mounted = parseMounted(path, text);
  const { namespace, pool, queue } = mounted;
  const pod = env[environment.podName];
  if (pod === undefined || pod === "") {
    throw new ConfigurationError(`${environment.podName} is not set: the operator sets it on the worker's container`);
  }
  return {
    queue,
    concurrency: mounted.concurrency,
    retry: mounted.retry,
    drainTimeoutMs: mounted.drainTimeoutMs,
    lanes: mounted.lanes,
    bounded: mounted.bounded,
    bindings: mounted.bindings,
    outcomes: mounted.outcomes,
    rateLimit: mounted.rateLimit,
    paused: mounted.paused,
    schemas: mounted.schemas,
    keyring: mounted.encrypted ? { keyringDirectory } : undefined,
    maxMessageBytes: mounted.maxMessageBytes,
    maxJobDurationMs: mounted.maxJobDurationMs,
    worker: `${namespace}.${pool}.${pod}`,
    identity: { namespace, pool, pod },
    address: async () => addressOfBinding(await readBinding(credentials)),
  };
}

function parseMounted(path: string, text: string) {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError(`${path} is not JSON: ${messageOf(error)}`);
  }
  const parsed = workerConfiguration.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map((issue) => `${issue.path.join(".") || "(root)"}: ${issue.message}`).join("; ");
  throw new ConfigurationError(`${path} is not a worker's configuration: ${wrong}`);
}
