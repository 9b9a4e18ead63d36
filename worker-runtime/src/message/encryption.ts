import { createCipheriv, createDecipheriv, type KeyObject, randomFillSync } from "node:crypto";

/** A key of AES-256-GCM and the id that messages name it by. */
export interface EncryptionKey {
  readonly id: string;
  readonly secret: KeyObject;
}

/** What a ciphertext is bound to: moved to another message or queue, it cannot be read. */
export interface EncryptionContext {
  readonly messageId: string;
  /** Resolved name. */
  readonly queue: string;
}

const algorithm = "aes-256-gcm";
const nonceBytes = 12;
const tagBytes = 16;

/** How many bytes longer a ciphertext is than its plain text. */
export const encryptionOverheadBytes: number = nonceBytes + tagBytes;

/** 12-byte nonce ‖ ciphertext ‖ 16-byte tag. The nonce is random: change keys before 2³² messages (NIST SP 800-38D, 8.3). */
export function encrypt(plain: Buffer, key: EncryptionKey, context: EncryptionContext): Buffer {
  const nonce = randomFillSync(Buffer.allocUnsafe(nonceBytes));
  return encryptWithNonce(plain, key, context, nonce);
}

/** {@link encrypt} with a nonce given, for test vectors. One nonce used twice with a key gives the key's secrets away. */
export function encryptWithNonce(plain: Buffer, key: EncryptionKey, context: EncryptionContext, nonce: Buffer): Buffer {
  const cipher = createCipheriv(algorithm, key.secret, nonce, { authTagLength: tagBytes });
  cipher.setAAD(associatedData(key.id, context));
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/** The plain text; undefined when the body, its key or what it is bound to is another than it was encrypted with. */
export function decrypt(body: Buffer, key: EncryptionKey, context: EncryptionContext): Buffer | undefined {
  if (body.length < encryptionOverheadBytes) return undefined;
  const decipher = createDecipheriv(algorithm, key.secret, body.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(associatedData(key.id, context));
  decipher.setAuthTag(body.subarray(body.length - tagBytes));
  const start = decipher.update(body.subarray(nonceBytes, body.length - tagBytes));
  try {
    return Buffer.concat([start, decipher.final()]);
  } catch {
    return undefined;
  }
}

function associatedData(keyId: string, { messageId, queue }: EncryptionContext): Buffer {
  return Buffer.from(`${keyId}\n${messageId}\n${queue}`);
}
