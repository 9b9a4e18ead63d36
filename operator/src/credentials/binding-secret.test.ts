import { binding } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { bindingData, newPassword } from "./binding-secret.ts";
import { decodeData, encodeData } from "./secret-data.ts";

const address = {
  host: "rabbit.post.svc",
  port: 5672,
  tls: false,
  username: "admin",
  password: "admins-own",
  vhost: "/",
  managementUrl: "http://rabbit.post.svc:15672",
};
const user = { username: "post.mail.producer", password: "p@ss/word" };

test("a binding has all that a client needs, and nothing of the administrator's", () => {
  const data = bindingData(address, user, "post.mail");
  expect(binding.parse(data)).toMatchObject({ host: "rabbit.post.svc", port: "5672", queue: "post.mail", ...user });
  expect(data.uri).toBe("amqp://post.mail.producer:p%40ss%2Fword@rabbit.post.svc:5672/%2F");
  expect(JSON.stringify(data)).not.toContain("admin");
  expect(data).not.toHaveProperty("ca.crt");
});

test("over TLS with a private CA, the CA comes along", () => {
  const data = bindingData({ ...address, tls: true, port: 5671, ca: "-----BEGIN CERTIFICATE-----" }, user, "post.mail");
  expect(data.uri).toMatch(/^amqps:.*:5671\/%2F$/);
  expect(data["ca.crt"]).toBe("-----BEGIN CERTIFICATE-----");
});

test("a producer is told what jobs must keep to", () => {
  const data = bindingData(address, user, "post.mail", { schemas: "{}", maxMessageBytes: 65_536 });
  expect(binding.parse(data)).toMatchObject({ schemas: "{}", "max-message-bytes": "65536" });
});

test("a Secret's values survive the way there and back, and what is undefined is left out", () => {
  expect(decodeData(encodeData({ a: "ü/+", b: undefined }))).toEqual({ a: "ü/+" });
  expect(decodeData(undefined)).toEqual({});
});

test("passwords are long, different, and need no escaping in a URI", () => {
  const passwords = Array.from({ length: 100 }, newPassword);
  expect(new Set(passwords).size).toBe(100);
  for (const password of passwords) expect(password).toMatch(/^[\w-]{32}$/);
});
