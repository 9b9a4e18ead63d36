/**
 * One error class a cause. `reason` is PascalCase and stable, fit for a condition's reason; `message` says what was
 * found, what was expected and how to mend it, and never holds a password.
 */
export abstract class BrokerError extends Error {
  abstract readonly reason: string;
  /** True if trying again changes nothing until somebody acts. */
  abstract readonly needsUser: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The Secret that tells where the broker is lacks a key, or a key's value cannot be used. */
export class BrokerSecretInvalid extends BrokerError {
  readonly reason = "BrokerSecretInvalid";
  readonly needsUser = true;
  /** The Secret's key at fault. */
  readonly key: string;
  constructor(key: string, message: string) {
    super(message);
    this.key = key;
  }
}

/**
 * Nothing answered at the address: the broker is down or restarting, the host is wrong, or a network policy is in the
 * way. Worth trying again.
 */
export class BrokerUnreachable extends BrokerError {
  readonly reason = "BrokerUnreachable";
  readonly needsUser = false;
}

/** Its certificate is not trusted, has expired or is another host's, or the port does not speak TLS at all. */
export class CertificateRefused extends BrokerError {
  readonly reason = "CertificateRefused";
  readonly needsUser = true;
}

/** The broker answers on its AMQP port, but nothing useful answers where its management API should be. */
export class ManagementMissing extends BrokerError {
  readonly reason = "ManagementMissing";
  readonly needsUser = true;
}

/** The broker refused the user name and password. */
export class CredentialsRefused extends BrokerError {
  readonly reason = "CredentialsRefused";
  readonly needsUser = true;
}

/** The credentials are good, but the user lacks the `administrator` tag, which making users and policies needs. */
export class NotAdministrator extends BrokerError {
  readonly reason = "NotAdministrator";
  readonly needsUser = true;
}

/** There is no such vhost. The operator never creates one. */
export class VhostMissing extends BrokerError {
  readonly reason = "VhostMissing";
  readonly needsUser = true;
}

/** The user has no permissions in the vhost, or not enough of them. */
export class VhostAccessRefused extends BrokerError {
  readonly reason = "VhostAccessRefused";
  readonly needsUser = true;
}

/** The broker is too old, or lacks a feature without which jobs could be lost. */
export class BrokerUnsupported extends BrokerError {
  readonly reason = "BrokerUnsupported";
  readonly needsUser = true;
}

/** A queue or exchange of the wanted name exists, but is of another kind, so it cannot be used and is left untouched. */
export class KindMismatch extends BrokerError {
  readonly reason: "QueueKindMismatch" | "ExchangeKindMismatch";
  readonly needsUser = true;
  constructor(reason: "QueueKindMismatch" | "ExchangeKindMismatch", message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The broker did not take a message: it said no, or its channel closed before it confirmed. The message may be lost. */
export class PublishRefused extends BrokerError {
  readonly reason = "PublishRefused";
  readonly needsUser = false;
}

/** The management API answered with an error that none of the other classes stands for. */
export class ManagementError extends BrokerError {
  readonly reason = "ManagementError";
  readonly needsUser = false;
  readonly status: number;
  /** The broker's own words. */
  readonly brokerReason: string;
  constructor(request: string, status: number, brokerReason: string) {
    super(`RabbitMQ answered ${request} with ${status}: ${brokerReason}`);
    this.status = status;
    this.brokerReason = brokerReason;
  }
}
