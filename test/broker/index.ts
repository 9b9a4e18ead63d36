// RabbitMQ for tests: real servers that a test may stop, kill and start again.

export { addressOf } from "./address.ts";
export { type Authority, type Certificate, createAuthority } from "./certificates.ts";
export type { BrokerClock } from "./hastened.ts";
export { type PrivateBroker, startPrivateBroker } from "./private.ts";
export type { Broker } from "./server.ts";
export { killBroker, readBroker, startBroker, stopBroker } from "./server.ts";
export { ownLoopback } from "./tls.ts";
export type { BrokerVersion } from "./versions.ts";
export { brokerVersions, defaultBrokerVersion, parseBrokerVersion } from "./versions.ts";
export type { Vhost } from "./vhost.ts";
export { createVhost, deleteVhost, manage } from "./vhost.ts";
