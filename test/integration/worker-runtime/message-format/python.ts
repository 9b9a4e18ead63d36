import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { run, tryRun } from "../../../cluster/command.ts";
import { installPackages } from "../../../cluster/packages.ts";

// Debian's own, for which its packages are.
const python = "/usr/bin/python3";

/** Installs pika and cryptography where they are missing. */
export async function ensurePython(): Promise<void> {
  if ((await tryRun(python, ["-c", "import pika, cryptography"])) !== undefined) return;
  await installPackages(["python3", "python3-pika", "python3-cryptography"]);
}

/**
 * Runs a script beside the Python of docs/message-format.md, which it can import as `jobwright_jobs`.
 *
 * @param facts what the script finds as `facts`.
 * @returns what it gives to `tell`, in order.
 */
export async function runPython(script: string, facts: Readonly<Record<string, unknown>>): Promise<unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), "jobwright-python-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const page = await readFile(new URL("../../../../docs/message-format.md", import.meta.url), "utf8");
  const [, documented] = /```python\n([\s\S]*?)```/.exec(page) ?? [];
  if (documented === undefined) throw new Error("docs/message-format.md has no Python");
  await writeFile(join(folder, "jobwright_jobs.py"), documented);
  await writeFile(join(folder, "script.py"), `${prologue}\n${script}`);
  const output = await run(python, [join(folder, "script.py")], { input: JSON.stringify(facts) });
  return output
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}

const prologue = `
import base64, json, sys
import pika
from jobwright_jobs import *

facts = json.load(sys.stdin)
queue = facts["queue"]
secret = base64.b64decode(facts.get("secret", ""))
connection = pika.BlockingConnection(pika.URLParameters(facts["url"]))
channel = connection.channel()
channel.confirm_delivery()

def tell(value):
    print(json.dumps(value), flush=True)

def take(name, count):
    taken = 0
    for method, properties, body in channel.consume(name, inactivity_timeout=60):
        if method is None:
            raise TimeoutError(f"{taken} of {count} messages came to {name}")
        yield method, properties, body
        channel.basic_ack(method.delivery_tag)
        taken += 1
        if taken == count:
            break
    channel.cancel()
`;
