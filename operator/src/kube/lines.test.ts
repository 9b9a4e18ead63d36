import { expect, test } from "vitest";
import { readLines } from "./lines.ts";

async function linesOf(...chunks: Uint8Array[]) {
  async function* stream() {
    yield* chunks;
  }
  return Array.fromAsync(readLines(stream()));
}

test("lines come whole however the bytes are cut, characters of several bytes too", async () => {
  const bytes = Buffer.from('{"a":"ü→"}\n{"b":1}\n{"cut off');
  for (let cut = 0; cut <= bytes.length; cut++) {
    expect(await linesOf(bytes.subarray(0, cut), bytes.subarray(cut))).toEqual(['{"a":"ü→"}', '{"b":1}']);
  }
});
