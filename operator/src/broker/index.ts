/** RabbitMQ as Jobwright uses it. Knows nothing of Kubernetes: what comes in are names, figures and addresses. */
export { type BrokerAddress, type BrokerAddressSource, brokerAddress } from "./address.ts";
export { type Broker, openBroker } from "./broker.ts";
export { type BrokerEvent, eventVhost, watchBrokerEvents } from "./broker-events.ts";
export { sendCommand } from "./commands.ts";
export { type BrokerConnection, openConnection } from "./connection.ts";
export { brokerApis } from "./contact.ts";
export { closeIntake, deleteTopology } from "./deletion.ts";
export { type Depth, readDepth, readDepths } from "./depth.ts";
export { type Ensured, ensureTopology } from "./ensure.ts";
export {
  BrokerError,
  BrokerSecretInvalid,
  BrokerUnreachable,
  BrokerUnsupported,
  CertificateRefused,
  CredentialsRefused,
  KindMismatch,
  ManagementError,
  ManagementMissing,
  NotAdministrator,
  PublishRefused,
  VhostAccessRefused,
  VhostMissing,
} from "./errors.ts";
export type { BrokerFeatures } from "./features.ts";
export { type HeartbeatListener, watchHeartbeats } from "./heartbeats.ts";
export type { KeptChannel } from "./keep-channel.ts";
export { lanesOnBroker } from "./lanes.ts";
export { isBounded, type Limits } from "./limits.ts";
export { type Permissions, poolPermissions, producerPermissions } from "./permissions.ts";
export { type BrokerPool, createBrokerPool } from "./pool.ts";
export { isProvenEmpty, observeQuiet, type Quiet } from "./quiet.ts";
export { emptyLane, type LeavingLane, removeLane } from "./retire-lane.ts";
export { readServed } from "./served.ts";
export type { JobQueueOnBroker } from "./topology.ts";
export type { Totals, VhostTotals } from "./totals.ts";
export { type BrokerUser, deleteUser, ensureUser } from "./users.ts";
export { type WakeListener, type WakeWatch, watchForWork } from "./wake.ts";
