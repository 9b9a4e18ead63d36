import { Counter, type Registry } from "prom-client";
import type { Answered } from "../kube/index.ts";

/** Counts the API server's answers, under client-go's name with the resource added. */
export function apiCallMetrics(registry: Registry): (answered: Answered) => void {
  const requests = new Counter({
    name: "rest_client_requests_total",
    help: "Requests that the API server answered, by resource, method and code.",
    labelNames: ["resource", "method", "code"],
    registers: [registry],
  });
  return ({ method, path, status }) => requests.inc({ resource: resourceOf(path), method, code: status });
}

/**
 * Which resource a path of the API is about, for example `jobqueues/status`. Names of objects are left out: a label must not have
 * endlessly many values.
 */
export function resourceOf(path: string): string {
  const parts = path.split("/").filter((part) => part !== "");
  // api/v1/… or apis/<group>/<version>/…
  const rest = parts.slice(parts[0] === "apis" ? 3 : 2);
  const [resource = "", , subresource] = rest[0] === "namespaces" && rest.length > 2 ? rest.slice(2) : rest;
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}

/** Counts what is asked of brokers: HTTP methods of the management API, and `declare` for each declaration by AMQP. */
export function brokerCallMetrics(registry: Registry): (call: string) => void {
  const calls = new Counter({
    name: "jobwright_broker_calls_total",
    help: "Calls to RabbitMQ: those to its management API by their method, and declarations by AMQP.",
    labelNames: ["call"],
    registers: [registry],
  });
  return (call) => calls.inc({ call });
}
