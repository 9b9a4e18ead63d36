import { manage, type Broker as Server } from "../../broker/index.ts";

type Row = Record<string, unknown>;

/**
 * All that lasts in a vhost, a line each, sorted: to compare one vhost with another. `names`: what a name is to be written as,
 * where the two differ by it.
 */
export async function listTopology(server: Server, vhost: string, names: (text: string) => string): Promise<string[]> {
  const at = encodeURIComponent(vhost);
  const list = async (path: string) => (await manage(server, "GET", `/api/${path}`)) as Row[];
  const [queues, exchanges, bindings, policies, permissions, topics] = await Promise.all([
    list(`queues/${at}`),
    list(`exchanges/${at}`),
    list(`bindings/${at}`),
    list(`policies/${at}`),
    list(`vhosts/${at}/permissions`),
    list(`vhosts/${at}/topic-permissions`),
  ]);
  const rows = [
    ...queues.filter(({ name }) => !isPassing(name)).map((row) => line("queue", row, queueFields)),
    ...exchanges
      .filter(({ name }) => !/^(amq\..*)?$/.test(String(name)))
      .map((row) => line("exchange", row, exchangeFields)),
    ...bindings
      .filter(({ source, destination }) => source !== "" && !isPassing(destination))
      .map((row) => line("binding", row, bindingFields)),
    ...policies.map((row) => line("policy", row, policyFields)),
    ...permissions.map((row) => line("permissions", row, ["user", "configure", "write", "read"])),
    ...topics.map((row) => line("topic permissions", row, ["user", "exchange", "write", "read"])),
  ];
  return rows.map(names).toSorted();
}

const queueFields = [
  "name",
  "type",
  "durable",
  "auto_delete",
  "exclusive",
  "arguments",
  "policy",
  "effective_policy_definition",
];
const exchangeFields = ["name", "type", "durable", "auto_delete", "internal", "arguments"];
const bindingFields = ["source", "destination", "destination_type", "routing_key", "arguments"];
const policyFields = ["name", "pattern", "apply-to", "priority", "definition"];

/** Queues that live with a connection of the operator's or a worker's. */
function isPassing(name: unknown): boolean {
  return /^(jobwright\.(operator|wake|control)\.|amq\.)/.test(String(name));
}

function line(kind: string, row: Row, fields: readonly string[]): string {
  return `${kind} ${JSON.stringify(fields.map((field) => [field, sorted(row[field])]))}`;
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value ?? null;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
