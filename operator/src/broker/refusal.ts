/** What a broker's refusals and silences mean, in the user's words and with the way out. */

import { connect } from "node:net";
import { certificateFault } from "@jobwright/worker-runtime/contract";
import type { BrokerAddress } from "./address.ts";
import {
  type BrokerError,
  BrokerUnreachable,
  CertificateRefused,
  CredentialsRefused,
  ManagementError,
  ManagementMissing,
  NotAdministrator,
  VhostAccessRefused,
  VhostMissing,
} from "./errors.ts";

/** Which error stands for an answer of the management API with an error's status. */
export function refusal(address: BrokerAddress, request: string, status: number, said: string): BrokerError {
  if (status === 401 || status === 403 || /access_refused|access to .* refused/i.test(said)) {
    if (/management user|administrator|monitor|policymaker/i.test(said)) return notAdministrator(address);
    if (/virtual host|vhost|access[_ ]refused|access to/i.test(said)) {
      return new VhostAccessRefused(
        `RabbitMQ refused ${request} to user "${address.username}": ${said}. ` +
          `The operator needs the permissions ".*" ".*" ".*" in vhost "${address.vhost}"`,
      );
    }
    return credentialsRefused(address, said);
  }
  return new ManagementError(request, status, said);
}

/** The user is known, but may not use the management API as an administrator. */
export function notAdministrator(address: BrokerAddress): NotAdministrator {
  return new NotAdministrator(
    `user "${address.username}" lacks RabbitMQ's administrator tag, which the operator needs to make users and ` +
      `policies: run rabbitmqctl set_user_tags ${address.username} administrator, or name another user in the Secret`,
  );
}

/** Why the broker did not let us in, in the same words whether AMQP or the management API said so. */
export function credentialsRefused(address: BrokerAddress, said: string): CredentialsRefused {
  return new CredentialsRefused(
    `RabbitMQ at ${address.host} refused the user name "${address.username}" with its password (${said}): ` +
      "correct the keys username and password of the broker Secret",
  );
}

/** What is wrong with the certificate that was shown at `where`; undefined if that is not why the connection failed. */
export function certificateRefused({ host, ca }: BrokerAddress, where: string, cause: unknown) {
  const fault = certificateFault(cause, host, ca !== undefined);
  return fault === undefined ? undefined : new CertificateRefused(`RabbitMQ at ${where}: ${fault}`, { cause });
}

/** Something answers where the management API should be, but it is something else. */
export function notManagement({ managementUrl }: BrokerAddress): ManagementMissing {
  return new ManagementMissing(
    `what answers at ${managementUrl} is not RabbitMQ's management API: ` +
      'set the key "management-uri" of the broker Secret to where it is',
  );
}

/** Why the management API could not be reached. Tells a broker that is down from one that only lacks the management plugin, by trying its AMQP port. */
export async function managementUnreachable(address: BrokerAddress, cause: unknown): Promise<BrokerError> {
  const refused = certificateRefused(address, address.managementUrl, cause);
  if (refused) return refused;
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  const nobodyThere = ["ECONNREFUSED", "UND_ERR_CONNECT_TIMEOUT"].includes(codeOf(cause) ?? "");
  if (nobodyThere && (await listens(address.host, address.port))) {
    return new ManagementMissing(
      `RabbitMQ answers at ${address.host}:${address.port}, but its management API does not at ` +
        `${address.managementUrl}: enable the plugin rabbitmq_management, or set the key "management-uri" of the ` +
        "broker Secret to where it is",
      { cause },
    );
  }
  return new BrokerUnreachable(
    `RabbitMQ's management API at ${address.managementUrl} could not be reached (${why}): check that the broker ` +
      "runs, the Secret's host, and that network policies let the operator reach it",
    { cause },
  );
}

/** There is no such vhost. */
export function vhostMissing({ host, vhost }: BrokerAddress): VhostMissing {
  return new VhostMissing(
    `there is no vhost "${vhost}" on RabbitMQ at ${host}: create it (rabbitmqctl add_vhost), or name another one`,
  );
}

/** The user has no permissions in the vhost. */
export function vhostAccessRefused({ username, vhost }: BrokerAddress): VhostAccessRefused {
  return new VhostAccessRefused(
    `user "${username}" has no permissions in vhost "${vhost}": ` +
      `run rabbitmqctl set_permissions -p ${vhost} ${username} ".*" ".*" ".*"`,
  );
}

function listens(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(2_000, () => end(false));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

/** The code of a network error, or of what caused it. */
export function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return "code" in error && typeof error.code === "string" ? error.code : codeOf(error.cause);
}
