import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Has a process begin the work of a key, and kills it in the midst of it. */
export async function killedHolder(store: string, url: string, key: string, lease: string, form = "lease") {
  const holder = fileURLToPath(new URL("holder.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=source", holder, store, url, key, lease, form], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit").then(() => {
      throw new Error("the holder ended before it began its work");
    }),
  ]);
  child.kill("SIGKILL");
  await once(child, "exit");
}
