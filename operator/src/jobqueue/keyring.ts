import type { JobQueue } from "../api/objects.ts";
import { decodeData } from "../credentials/secret-data.ts";
import { Problem } from "../problem.ts";
import type { SecretReader } from "./secret-reader.ts";

const keyBytes = 32;

/**
 * Looks whether the Secret of a JobQueue that encrypts is a keyring (see the contract's `keyringDirectory`). Keys never
 * show in a message.
 *
 * @throws Problem KeyringMissing or KeyringInvalid.
 */
export async function checkKeyring(readSecret: SecretReader, { metadata, spec }: JobQueue): Promise<void> {
  if (spec.encryption === undefined) return;
  const { name } = spec.encryption.keySecretRef;
  const { namespace } = metadata;
  const where = `Secret ${namespace}/${name} (spec.encryption.keySecretRef.name)`;
  const secret = await readSecret(namespace, name);
  if (secret === undefined) {
    throw new Problem(
      "Stalled",
      "KeyringMissing",
      `${where} does not exist: create it with a key (kubectl create secret generic ${name} -n ${namespace} --from-literal=k1="$(openssl rand -base64 32)" --from-literal=current=k1).`,
    );
  }
  const why = keyringFault(decodeData(secret.data));
  if (why !== undefined) throw new Problem("Stalled", "KeyringInvalid", `${where} ${why}`);
}

/** What is wrong with a keyring, and how to mend it; undefined if nothing is. */
export function keyringFault({ current, ...keys }: Record<string, string>): string | undefined {
  for (const [id, text] of Object.entries(keys)) {
    const { length } = Buffer.from(text.trim(), "base64");
    if (length !== keyBytes) {
      return `has ${length} bytes as key "${id}": expected ${keyBytes} bytes in base64, as openssl rand -base64 32 makes them.`;
    }
  }
  const ids = Object.keys(keys);
  if (current === undefined) {
    return `has no entry "current": add it with the id of the key to encrypt with${ids.length > 0 ? `, one of ${ids.join(", ")}` : ", and that key"}.`;
  }
  if (!ids.includes(current.trim())) {
    // Not repeated: it may be a key, put there by mistake.
    return `says in "current" to encrypt with a key that it does not have: expected ${ids.length > 0 ? `one of ${ids.join(", ")}` : "one of its keys, of which there are none"}.`;
  }
  return undefined;
}
