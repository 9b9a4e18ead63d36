import { randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Certificate } from "./certificates.ts";
import { home } from "./root.ts";

/** A broker that speaks TLS too, and listens at the ports that RabbitMQ has by default: 5672, 5671, 15672 and 15671. */
export interface TlsListeners {
  /** An address of its own ({@link ownLoopback}), for these ports are the same for all. */
  readonly host: string;
  readonly certificate: Certificate;
}

/** An address of this machine that nobody else uses, so that a broker can listen at the usual ports. */
export function ownLoopback(): string {
  return `127.${randomInt(64, 128)}.${randomInt(256)}.${randomInt(1, 255)}`;
}

const certificateFile = "server.pem";
const keyFile = "server-key.pem";

/** What stands in rabbitmq.conf for it. Clients show no certificate of their own. */
export function tlsConfiguration(host: string): readonly string[] {
  return [
    `listeners.ssl.1 = ${host}:5671`,
    `ssl_options.certfile = ${home}/${certificateFile}`,
    `ssl_options.keyfile = ${home}/${keyFile}`,
    "ssl_options.verify = verify_none",
    `management.ssl.ip = ${host}`,
    "management.ssl.port = 15671",
    `management.ssl.certfile = ${home}/${certificateFile}`,
    `management.ssl.keyfile = ${home}/${keyFile}`,
  ];
}

/** Puts the server's certificate where the broker looks for it. A running one goes on with those that it has read. */
export function writeCertificate(folder: string, { certificate, key }: Certificate): void {
  writeFileSync(join(folder, certificateFile), certificate);
  writeFileSync(join(folder, keyFile), key);
}
