import { logFormats, parseDuration } from "@jobwright/worker-runtime/contract";
import { Command, Option } from "commander";
import { z } from "zod";

const settings = z.object({
  /** Secret of the broker that JobQueues without spec.broker use. */
  defaultBrokerSecret: z
    .string()
    .regex(/^([^/]+\/)?[^/]+$/, "expected <name> of a Secret in the operator's own namespace, or <namespace>/<name>")
    .optional(),
  /** Virtual hosts that a JobQueue may choose on the operator's own broker, beside the Secret's own. */
  allowedVhosts: z.string().transform((text) => text.split(",").filter((vhost) => vhost !== "")),
  leaderElect: z.enum(["true", "false"]).transform((text) => text === "true"),
  port: z.coerce.number().int().min(0).max(65_535),
  logLevel: z.enum(["debug", "info", "warn", "error"]),
  logFormat: z.enum(logFormats),
  /** How often everything is compared with the broker, even when nothing was seen to change. */
  resyncMs: z.string().transform((text, context) => {
    try {
      return parseDuration(text);
    } catch (error) {
      context.addIssue(error instanceof Error ? error.message : String(error));
      return z.NEVER;
    }
  }),
  /** Where the operator itself runs: its Lease stands there. */
  namespace: z.string().min(1),
  /** Works in these namespaces only. Absent: in all. */
  watchNamespaces: z
    .string()
    .transform((text) => [...new Set(text.split(",").map((name) => name.trim()))])
    .pipe(z.array(z.string().regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, "expected names of namespaces, comma-separated")))
    .optional(),
  /** Its name among its replicas: the pod's. */
  identity: z.string().min(1),
});

export type Settings = Omit<z.infer<typeof settings>, "defaultBrokerSecret"> & {
  readonly defaultBrokerSecret: { readonly namespace: string; readonly name: string } | undefined;
};

/**
 * The operator's settings from flags, then environment variables, then defaults.
 *
 * @throws Error naming the flag, what was found and what was expected.
 */
export function readSettings(argv: readonly string[]): Settings {
  const command = new Command("jobwright-operator")
    .description("Runs JobQueues and WorkerPools: RabbitMQ topology, worker pods and their number.")
    .addOption(
      new Option(
        "--default-broker-secret <[namespace/]name>",
        "Secret of the broker that JobQueues use unless they name one",
      ).env("JOBWRIGHT_DEFAULT_BROKER_SECRET"),
    )
    .addOption(
      new Option("--allowed-vhosts <names>", "virtual hosts, comma-separated, that JobQueues may choose on that broker")
        .env("JOBWRIGHT_ALLOWED_VHOSTS")
        .default(""),
    )
    .addOption(
      new Option("--leader-elect <boolean>", "let one of several replicas work")
        .env("JOBWRIGHT_LEADER_ELECT")
        .default("true"),
    )
    .addOption(
      new Option("--port <number>", "port of /metrics, /healthz and /readyz").env("JOBWRIGHT_PORT").default("8080"),
    )
    .addOption(
      new Option("--log-level <level>", "debug, info, warn or error").env("JOBWRIGHT_LOG_LEVEL").default("info"),
    )
    .addOption(
      new Option("--log-format <format>", "json, or ecs for the names of the Elastic Common Schema")
        .env("JOBWRIGHT_LOG_FORMAT")
        .default("json"),
    )
    .addOption(
      new Option("--resync <duration>", "how often everything is compared with the broker")
        .env("JOBWRIGHT_RESYNC")
        .default("60s"),
    )
    .addOption(
      new Option("--namespace <name>", "the operator's own namespace").env("POD_NAMESPACE").default("jobwright"),
    )
    .addOption(
      new Option("--watch-namespaces <names>", "work in these namespaces only, comma-separated, instead of in all").env(
        "JOBWRIGHT_WATCH_NAMESPACES",
      ),
    )
    .addOption(
      new Option("--identity <name>", "the operator's own name among its replicas")
        .env("POD_NAME")
        .default(`operator-${process.pid}`),
    )
    .parse([...argv]);
  const { resync, defaultBrokerSecret, watchNamespaces, ...rest } = command.opts();
  const parsed = settings.safeParse({
    ...rest,
    // Charts set variables always; empty means that there is no such thing.
    ...(defaultBrokerSecret ? { defaultBrokerSecret } : {}),
    ...(watchNamespaces ? { watchNamespaces } : {}),
    resyncMs: resync,
  });
  if (parsed.success) {
    const { data } = parsed;
    return { ...data, defaultBrokerSecret: secretIn(data.namespace, data.defaultBrokerSecret) };
  }
  const problems = parsed.error.issues.map((issue) => {
    const name = issue.path
      .join(".")
      .replace(/Ms$/, "")
      .replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return `--${name}: ${issue.message}`;
  });
  throw new Error(`jobwright-operator cannot start: ${problems.join("; ")}`);
}

function secretIn(own: string, text: string | undefined): Settings["defaultBrokerSecret"] {
  if (text === undefined) return undefined;
  const [name = "", namespace = own] = text.split("/").reverse();
  return { namespace, name };
}
