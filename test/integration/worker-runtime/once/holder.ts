// A worker that begins its work and never ends it: node holder.ts <store> <url> <key> <lease> [transaction]
import { createOnce } from "../../../../worker-runtime/src/idempotency/index.ts";
import type { PostgresStore } from "../../../../worker-runtime/src/idempotency/postgres-store.ts";
import { openers } from "./stores.ts";

const [kind = "", url = "", key = "", lease = "", form] = process.argv.slice(2);
const { store } = (await openers[kind]?.(url)) ?? {};
if (store === undefined) throw new Error(`there is no store "${kind}"`);

const forever = async () => {
  process.stdout.write("working\n");
  await new Promise(() => setInterval(() => {}, 60_000));
};
if (form === "transaction") {
  await createOnce({ store: store as PostgresStore, lease }).transaction(key, forever);
} else {
  await createOnce({ store, lease })(key, forever);
}
