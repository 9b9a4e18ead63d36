import { tlsConfiguration } from "./tls.ts";
import type { BrokerPlan } from "./versions.ts";

/** What a broker's configuration depends on beside its version. */
export interface BrokerSettings {
  /** The address that AMQP and the management API listen on. */
  address: string;
  username: string;
  password: string;
  /** It speaks TLS too. */
  tls?: boolean;
}

/** rabbitmq.conf of a development broker. */
export function brokerConfiguration(plan: BrokerPlan, settings: BrokerSettings): string {
  return [
    `listeners.tcp.1 = ${settings.address}:${plan.amqpPort}`,
    `management.tcp.ip = ${settings.address}`,
    `management.tcp.port = ${plan.managementPort}`,
    `prometheus.tcp.ip = ${settings.address}`,
    `prometheus.tcp.port = ${plan.prometheusPort}`,
    ...(settings.tls ? tlsConfiguration(settings.address) : []),
    `default_user = ${settings.username}`,
    `default_pass = ${settings.password}`,
    "default_user_tags.administrator = true",
    // The machine's memory belongs to the cluster as a whole; what matters is that a full test disk does not block.
    "disk_free_limit.absolute = 100MB",
    // The management API shows queue and connection changes this often; the default of 5 s makes tests wait.
    "collect_statistics_interval = 1000",
    "log.console = true",
    "log.console.level = info",
    "log.file = false",
    "",
  ].join("\n");
}
