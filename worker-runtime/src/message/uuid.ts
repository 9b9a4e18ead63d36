import { randomFillSync } from "node:crypto";

// Random bytes are fetched for many ids at once: a fetch costs as much as sending a job.
const randomBytes = 10;
const pool = Buffer.alloc(randomBytes * 400);
let used = pool.length;

/** A UUID of version 7 (RFC 9562): 48 bits of time in ms, then 74 random bits, so that ids sort by when they were made. */
export function uuidv7(nowMs: number = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const time = nowMs.toString(16).padStart(12, "0");
  pool[used] = 0x70 | ((pool[used] ?? 0) & 0x0f);
  pool[used + 2] = 0x80 | ((pool[used + 2] ?? 0) & 0x3f);
  const random = pool.toString("hex", used, used + randomBytes);
  used += randomBytes;
  return `${time.slice(0, 8)}-${time.slice(8)}-${random.slice(0, 4)}-${random.slice(4, 8)}-${random.slice(8)}`;
}
