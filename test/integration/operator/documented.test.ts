// What docs/jobqueue says, against an operator and a broker: its manifests, and the names that it promises there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { blocks, readPages, repositoryRoot } from "../../../tools/docs/pages.ts";
import { manage } from "../../broker/index.ts";
import { condition, eventually, setScene } from "./scene.ts";

/** What a page's queue waits for, since the reader has it and the test has not. */
const lacking: Record<string, string> = {
  "docs/jobqueue/bindings.md": "BindingSourceMissing",
  "docs/jobqueue/payloads.md#2": "KeyringMissing",
};

const specs = readPages()
  // Those on brokers name Secrets and virtual hosts of the reader's.
  .filter(({ path }) => path.startsWith("docs/jobqueue/") && !path.endsWith("brokers.md"))
  .flatMap(({ path, text }) => {
    const manifests = blocks(text, "yaml")
      .flatMap((block) => parseAllDocuments(block).map((document): unknown => document.toJS()))
      .filter((one): one is { spec: Record<string, unknown> } => (one as { kind?: string }).kind === "JobQueue");
    return manifests.map(({ spec }, index) => ({ manifest: `${path}#${index + 1}`, page: path, spec }));
  });

/** The names in a page's first table, with the words in angle brackets filled in. */
function namesOn(page: string, words: Record<string, string>): string[] {
  const [table = ""] = readFileSync(join(repositoryRoot, page), "utf8").match(/(^\|.*\n)+/m) ?? [];
  const cells = table.split("\n").map((row) => row.split("|")[1] ?? "");
  const names = cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
  return names
    .filter((name) => !name.startsWith("_"))
    .map((name) => name.replace(/<(\w+)>/g, (_, word: string) => words[word] ?? word));
}

describe.concurrent("what the docs on JobQueues say", { timeout: 300_000 }, () => {
  test("their manifests are on the broker as asked, or say what they lack", async (context) => {
    const scene = await setScene(context);
    await Promise.all(specs.map(({ spec }, index) => scene.applyQueue(`doc-${index}`, spec)));
    expect(specs.length).toBeGreaterThan(8);
    for (const [index, { manifest, page }] of specs.entries()) {
      await eventually(async () => {
        const said = condition(await scene.queue(`doc-${index}`), "Ready");
        expect(said, manifest).toMatch(lacking[manifest] ?? lacking[page] ?? "Ready=True Provisioned");
      });
    }
  });

  test("these are the names on the broker, and no others", async (context) => {
    const scene = await setScene(context);
    const { namespace, server, vhost } = scene;
    await scene.applyQueue("resize", {
      lanes: [{ name: "paying" }],
      limits: { maxLength: 10 },
      access: { producers: [{ name: "shop" }] },
    });
    await scene.applyPool("resize");
    const promised = namesOn("docs/jobqueue/on-the-broker.md", { lane: "paying", name: "shop", pool: "resize" });
    const path = (kind: string) => `/api/${kind}/${encodeURIComponent(vhost)}`;
    await eventually(async () => {
      const lists = [path("exchanges"), path("queues"), "/api/users"].map((list) => manage(server, "GET", list));
      const there = ((await Promise.all(lists)) as { name: string }[][]).flat().map(({ name }) => name);
      const ours = there.filter((name) => name.startsWith(`${namespace}.`));
      expect(new Set(ours)).toEqual(new Set(promised.map((name) => name.replace(/^images\./, `${namespace}.`))));
    });
  });
});
