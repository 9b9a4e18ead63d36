import { describe, expect, test } from "vitest";
import { maxDelaySeconds } from "../contract/index.ts";
import { InvalidOptions } from "../errors.ts";
import { type PlacementOptions, placeJob } from "./enqueue-options.ts";

const nowMs = Date.UTC(2026, 0, 2, 12);
const place = (options: PlacementOptions) => placeJob('enqueue "resize"', options, nowMs);

describe("placeJob", () => {
  test("without options: a new id, now, to the work queue", () => {
    expect(place({})).toEqual({ id: expect.stringMatching(/^[0-9a-f-]{36}$/), enqueuedAtMs: nowMs });
  });

  test("durations count from now, and moments are as they are", () => {
    expect(place({ delay: "5m", expires: "1h" })).toMatchObject({
      dueAtMs: nowMs + 300_000,
      expiresAtMs: nowMs + 3_600_000,
    });
    const at = new Date(nowMs + 7);
    expect(place({ at, expires: new Date(nowMs + 8) })).toMatchObject({ dueAtMs: nowMs + 7, expiresAtMs: nowMs + 8 });
  });

  test("no delay and a past moment mean now", () => {
    expect(place({ delay: "0s" }).dueAtMs).toBeUndefined();
    expect(place({ at: new Date(nowMs - 1) }).dueAtMs).toBeUndefined();
  });

  test("the longest delay is that of the fabric", () => {
    expect(place({ at: new Date(nowMs + maxDelaySeconds * 1000) }).dueAtMs).toBe(nowMs + maxDelaySeconds * 1000);
  });

  test.each<[PlacementOptions, string]>([
    [{ delay: "5 minutes" }, 'enqueue "resize": delay "5 minutes" is not a duration: expected whole numbers'],
    [{ delay: 5 as unknown as string }, "delay is 5: expected a duration such as 30s or 1h30m"],
    [{ delay: "99999h" }, 'delay is "99999h": expected at most 8.5 years from now'],
    [{ at: new Date(nowMs + maxDelaySeconds * 1000 + 1) }, "at is"],
    [{ at: new Date(Number.NaN) }, "at is Invalid Date: expected a valid Date"],
    [{ delay: "1s", at: new Date() }, "delay and at are both given"],
    [{ lane: "High Priority" }, 'lane is "High Priority": expected the name of one of the queue\'s lanes'],
    [{ lane: "dead" }, 'lane is "dead": expected the name of one of the queue\'s lanes'],
    [{ key: "" }, 'key is "": expected a string of 1 to 255 bytes'],
    [{ key: "é".repeat(128) }, "key is"],
    [{ id: "x".repeat(256) }, "id is"],
    [{ replyTo: 7 as unknown as string }, "replyTo is 7"],
    [{ key: 7n as unknown as string }, "key is 7n: expected a string"],
    [{ delay: 7n as unknown as string }, "delay is 7n: expected a duration"],
    [{ expires: "0s" }, "is not after now: it would never run"],
    [{ expires: new Date(nowMs - 1) }, "(2026-01-02T11:59:59.999Z) is not after now"],
    [{ delay: "2h", expires: "1h" }, "is not after the job is due (2026-01-02T14:00:00.000Z)"],
  ])("%o is refused: %s", (options, message) => {
    expect(() => place(options)).toThrow(InvalidOptions);
    expect(() => place(options)).toThrow(message);
  });
});
