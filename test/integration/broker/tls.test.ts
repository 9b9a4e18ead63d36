import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  type Broker,
  BrokerUnreachable,
  brokerAddress,
  ensureTopology,
  openBroker,
  readDepth,
} from "../../../operator/src/broker/index.ts";
import { freshBroker, jobQueue, servers } from "./fixture.ts";

/** A certificate for 127.0.0.1 that no one but itself vouches for. */
function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "jobwright-tls-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"].concat([
        "-subj",
        "/CN=jobwright-test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        key,
        "-out",
        cert,
      ]),
      { stdio: "ignore" },
    );
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Takes TLS on a port of its own and passes the plain bytes on, as RabbitMQ's TLS listeners would. */
async function tlsInFrontOf(host: string, port: number, pair: { key: string; cert: string }): Promise<number> {
  const proxy = createServer(pair, (secure) => {
    const plain = connect({ host, port });
    secure.pipe(plain).pipe(secure);
    for (const [one, other] of [
      [secure, plain],
      [plain, secure],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  const bound = proxy.address();
  if (bound === null || typeof bound === "string") throw new Error("the proxy has no port");
  return bound.port;
}

async function behindTls(plain: Broker, trusted: boolean): Promise<Broker> {
  const pair = selfSigned();
  const { host, port, managementUrl, username, password, vhost } = plain.address;
  const amqp = await tlsInFrontOf(host, port, pair);
  const management = await tlsInFrontOf(host, Number(new URL(managementUrl).port), pair);
  const secret = {
    username,
    password,
    connection_string: `amqps://127.0.0.1:${amqp}`,
    "management-uri": `https://127.0.0.1:${management}`,
  };
  const secured = openBroker(brokerAddress({ secret, vhost, ...(trusted ? { ca: pair.cert } : {}) }), "test");
  onTestFinished(() => secured[Symbol.asyncDispose]());
  return secured;
}

describe.each(servers)("TLS before RabbitMQ $version", (server) => {
  it("works with the CA that it was given, over AMQP and the management API", async () => {
    const broker = await behindTls(await freshBroker(server, "tls"), true);
    expect((await ensureTopology(broker, jobQueue)).created).toBe(true);
    expect(await readDepth(broker.connection, jobQueue.name)).toEqual({ ready: 0, consumers: 0 });
  });

  it("refuses a certificate that nobody it trusts vouches for", async () => {
    const broker = await behindTls(await freshBroker(server, "untrusted"), false);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(BrokerUnreachable);
    await expect(ensureTopology(broker, jobQueue)).rejects.toThrow(/self-signed certificate/);
    await expect(broker.connection.channel()).rejects.toThrow(/self-signed certificate/);
  });
});
