import { describe, expect, it } from "vitest";
import { brokerAddress } from "./address.ts";
import { BrokerSecretInvalid } from "./errors.ts";

const plain = { host: "rabbit.infra.svc", port: "5672", username: "admin", password: "s3cret" };

function keyAtFault(secret: Record<string, string>): string {
  try {
    brokerAddress({ secret });
  } catch (error) {
    if (error instanceof BrokerSecretInvalid) return error.key;
  }
  return "none";
}

describe("brokerAddress", () => {
  it("takes the Secret that RabbitMQ's cluster operator writes as it is", () => {
    const secret = {
      ...plain,
      provider: "rabbitmq",
      type: "rabbitmq",
      "default_user.conf": "default_user = admin\ndefault_pass = s3cret\n",
      connection_string: "amqp://admin:s3cret@rabbit.infra.svc:5672/",
    };
    expect(brokerAddress({ secret })).toEqual({
      ...plain,
      port: 5672,
      tls: false,
      vhost: "/",
      managementUrl: "http://rabbit.infra.svc:15672",
    });
  });

  it("reads everything from a connection string alone, percent-encoded parts and vhost included", () => {
    const secret = { connection_string: "amqps://a%40b:p%2Fw@[::1]/team%2Fmedia" };
    expect(brokerAddress({ secret })).toEqual({
      host: "::1",
      port: 5671,
      tls: true,
      username: "a@b",
      password: "p/w",
      vhost: "team/media",
      managementUrl: "https://[::1]:15671",
    });
  });

  it("turns TLS on for port 5671, for an amqps URI and for a CA, and for nothing else", () => {
    const tls = (secret: Record<string, string>, ca?: string) =>
      brokerAddress(ca === undefined ? { secret } : { secret, ca }).tls;
    expect(tls(plain)).toBe(false);
    expect(tls({ ...plain, port: "5671" })).toBe(true);
    expect(tls({ ...plain, connection_string: "amqps://rabbit" })).toBe(true);
    expect(tls(plain, "-----BEGIN CERTIFICATE-----")).toBe(true);
  });

  it("prefers the vhost it is given to the Secret's own", () => {
    const secret = { ...plain, "virtual-host": "theirs" };
    expect(brokerAddress({ secret }).vhost).toBe("theirs");
    expect(brokerAddress({ secret, vhost: "ours" }).vhost).toBe("ours");
  });

  it("reads a management address with a path, drops a trailing /api and credentials in it", () => {
    const at = (uri: string) => brokerAddress({ secret: { ...plain, "management-uri": uri } }).managementUrl;
    expect(at("https://mq.example.test/rabbit/")).toBe("https://mq.example.test/rabbit");
    expect(at("http://u:p@mq.example.test:8080/api/")).toBe("http://mq.example.test:8080");
  });

  it.each([
    ["host", { ...plain, host: "" }],
    ["host", { ...plain, host: "rabbit/../other" }],
    ["username", { host: "h", password: "p" }],
    ["password", { host: "h", username: "u" }],
    ["port", { ...plain, port: "http" }],
    ["port", { ...plain, port: "70000" }],
    ["connection_string", { connection_string: "rabbit:5672" }],
    ["management-uri", { ...plain, "management-uri": "mq:15672" }],
  ])("names the key %s when it is missing or wrong", (key, secret) => {
    expect(keyAtFault(secret)).toBe(key);
  });

  it("never repeats a connection string, since it holds the password", () => {
    const secret = { connection_string: "http://admin:s3cret@rabbit" };
    expect(() => brokerAddress({ secret })).toThrow(/begins with amqp/);
    expect(() => brokerAddress({ secret })).not.toThrow(/s3cret/);
    // Put where it does not belong.
    for (const key of ["host", "port"]) {
      const misplaced = { ...plain, [key]: "amqp://admin:s3cret@rabbit" };
      expect(() => brokerAddress({ secret: misplaced })).toThrow(`key "${key}" is not`);
      expect(() => brokerAddress({ secret: misplaced })).not.toThrow(/s3cret/);
    }
  });
});
