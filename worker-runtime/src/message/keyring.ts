import { createSecretKey } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, systemClock } from "../clock.ts";
import { ConfigurationError, messageOf } from "../errors.ts";
import { shown } from "../shown.ts";
import type { EncryptionKey } from "./encryption.ts";

/** Where the keys of a queue come from. */
export type KeyringSource =
  /**
   * A directory, for example a mounted Secret: a file a key, named for its id, holding 32 bytes in base64, and a file
   * `current` with the id of the key to encrypt with. It is read again as it changes, so keys rotate without a restart.
   */
  | { readonly keyringDirectory: string }
  /** Keys by id, each 32 bytes in base64, and the id of the one to encrypt with. */
  | { readonly keys: Readonly<Record<string, string>>; readonly current: string };

/** The keys of a queue: one to encrypt with, and older ones to read what is still on its way. */
export interface Keyring {
  /** @throws ConfigurationError when the keys cannot be read and never were. */
  current(): Promise<EncryptionKey>;
  /** The key of this id; an unknown id is looked for once more on disk. @throws ConfigurationError as `current`. */
  find(id: string): Promise<EncryptionKey | undefined>;
}

interface Keys {
  readonly byId: ReadonlyMap<string, EncryptionKey>;
  readonly current: EncryptionKey;
}

const keyBytes = 32;
const example = 'such as { keys: { k1: "<base64>" }, current: "k1" } or { keyringDirectory: "/keys" }';
/** How old keys may be before the directory is read again. */
const rereadAfterMs = 30_000;
/** Unknown ids make the directory be read no more often than this; whoever asks for one waits meanwhile. */
const rereadPauseMs = 1_000;

/**
 * @param onStale told why the directory could not be read again; the keys read before stay in use.
 * @throws ConfigurationError at once when given keys are wrong.
 */
export function createKeyring(
  source: KeyringSource,
  onStale: (error: unknown) => void,
  clock: Pick<Clock, "monotonic" | "after"> = systemClock,
): Keyring {
  if (typeof source !== "object" || source === null) {
    throw new ConfigurationError(`encryption is ${shown(source)}: expected ${example}`);
  }
  if (!("keyringDirectory" in source)) {
    if (typeof source.keys !== "object" || source.keys === null) {
      throw new ConfigurationError(
        `encryption has neither keyringDirectory nor keys: expected one of them, ${example}`,
      );
    }
    const keys = parseKeys("encryption.keys", new Map(Object.entries(source.keys)), source.current);
    return { current: async () => keys.current, find: async (id) => keys.byId.get(id) };
  }
  const { keyringDirectory } = source;
  if (typeof keyringDirectory !== "string" || keyringDirectory === "") {
    throw new ConfigurationError(
      `encryption.keyringDirectory is ${shown(keyringDirectory)}: expected the directory where the keys are mounted`,
    );
  }
  let known: Keys | undefined;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<Keys> | undefined;

  async function readOnce(): Promise<Keys> {
    const startedMs = clock.monotonic();
    try {
      // A mounted Secret is exchanged as a whole, but between two of our reads: the second try sees one generation.
      known = await readDirectory(keyringDirectory).catch(() => readDirectory(keyringDirectory));
      return known;
    } catch (error) {
      if (known === undefined) throw error;
      onStale(error);
      return known;
    } finally {
      readAtMs = startedMs;
      reading = undefined;
    }
  }

  function read(): Promise<Keys> {
    reading ??= readOnce();
    return reading;
  }

  const ageMs = () => clock.monotonic() - readAtMs;

  function recent(): Keys | Promise<Keys> {
    return known !== undefined && ageMs() < rereadAfterMs ? known : read();
  }

  return {
    async current() {
      return (await recent()).current;
    },
    async find(id) {
      const found = (await recent()).byId.get(id);
      if (found !== undefined) return found;
      const seenAtMs = readAtMs;
      const pauseMs = rereadPauseMs - ageMs();
      if (pauseMs > 0) await new Promise<void>((resolve) => clock.after(pauseMs, resolve));
      // Another who waited may have had it read meanwhile.
      const keys = known !== undefined && readAtMs > seenAtMs ? known : await read();
      return keys.byId.get(id);
    },
  };
}

async function readDirectory(directory: string): Promise<Keys> {
  const files = new Map<string, string>();
  try {
    for (const name of await readdir(directory)) {
      // Kubernetes keeps what it exchanges in hidden entries.
      if (!name.startsWith(".")) files.set(name, (await readFile(join(directory, name), "utf8")).trim());
    }
  } catch (error) {
    throw new ConfigurationError(`cannot read the keyring ${directory}: ${messageOf(error)}`);
  }
  const current = files.get("current");
  files.delete("current");
  if (current === undefined) {
    throw new ConfigurationError(
      `the keyring ${directory} has no file "current": expected one with the id of the key to encrypt with`,
    );
  }
  return parseKeys(directory, files, current);
}

function parseKeys(where: string, texts: ReadonlyMap<string, string>, currentId: string): Keys {
  const byId = new Map<string, EncryptionKey>();
  for (const [id, text] of texts) {
    const bytes = Buffer.from(String(text), "base64");
    // The key itself is never shown.
    if (bytes.length !== keyBytes) {
      throw new ConfigurationError(
        `the keyring ${where} is wrong: key "${id}" has ${bytes.length} bytes: expected ${keyBytes} bytes in base64 (openssl rand -base64 32)`,
      );
    }
    byId.set(id, { id, secret: createSecretKey(bytes) });
  }
  const current = byId.get(currentId);
  if (current === undefined) {
    throw new ConfigurationError(
      `the keyring ${where} is wrong: current names "${currentId}": expected one of ${[...byId.keys()].join(", ") || "its keys, of which there are none"}`,
    );
  }
  return { byId, current };
}
