import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bindingUri } from "../contract/index.ts";
import { addressOfUri, readBinding } from "./address.ts";

const facts = { tls: true, host: "::1", port: 5671, username: "a:b@c", password: "p/?#%", vhost: "my/vhost" };

test("what bindingUri writes is read back", () => {
  const { connect } = addressOfUri(bindingUri(facts));
  expect(connect).toMatchObject({
    protocol: "amqps",
    hostname: "::1",
    port: 5671,
    username: "a:b@c",
    password: "p/?#%",
  });
  // amqplib unescapes the vhost itself.
  expect(decodeURIComponent(connect.vhost ?? "")).toBe("my/vhost");
});

test.each([
  ["amqp://localhost", 5672, "/"],
  ["amqps://localhost", 5671, "/"],
  ["amqp://localhost/", 5672, "/"],
  ["amqp://localhost/jobs", 5672, "jobs"],
])("%s has its defaults", (uri, port, vhost) => {
  const { connect } = addressOfUri(uri);
  expect(connect).toMatchObject({ port, vhost: encodeURIComponent(vhost), username: "guest", password: "guest" });
});

test.each(["", "localhost:5672", "http://localhost", "amqp://"])("%j is refused without being repeated", (uri) => {
  expect(() => addressOfUri(uri)).toThrow("not a URI such as amqp://user:password@host:5672/vhost");
});

test.each(["amqp://u:p%x@localhost", "amqp://u%:p@localhost", "amqp://localhost/%zz"])(
  "%j is refused: its %% is no escape",
  (uri) => {
    expect(() => addressOfUri(uri)).toThrow("write % itself as %25");
  },
);

test("a directory that is not there is said to be so", async () => {
  await expect(readBinding("/nowhere")).rejects.toThrow("/nowhere has none of the files of a binding: is it mounted?");
});

test("a binding's directory is read, and what is missing is named", async () => {
  const directory = await mkdtemp(join(tmpdir(), "binding-"));
  const files = {
    type: "rabbitmq",
    provider: "jobwright",
    host: "h",
    port: "5672",
    username: "u",
    password: "p\n",
    "virtual-host": "v",
    uri: "amqp://u:p@h/v",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  await expect(readBinding(directory)).rejects.toThrow(/is not a binding to a broker: queue /);
  await writeFile(join(directory, "queue"), "media.resize");
  expect(await readBinding(directory)).toMatchObject({ password: "p", queue: "media.resize" });
});
