/** Calls `note` for each method frame of what an AMQP 0-9-1 client sends, whatever pieces it comes in. */
export function createMethodCounter(note: () => void): (bytes: Buffer) => void {
  // "AMQP" and the version: the client's first eight bytes.
  let skip = 8;
  let header = Buffer.alloc(0);
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      if (skip > 0) {
        const skipped = Math.min(skip, bytes.length - at);
        skip -= skipped;
        at += skipped;
        continue;
      }
      const piece = bytes.subarray(at, at + headerBytes - header.length);
      at += piece.length;
      header = Buffer.concat([header, piece]);
      if (header.length < headerBytes) return;
      if (header[0] === methodFrame) note();
      // The payload and the octet that ends a frame.
      skip = header.readUInt32BE(3) + 1;
      header = Buffer.alloc(0);
    }
  };
}

/** Type, channel, size. */
const headerBytes = 7;
const methodFrame = 1;
