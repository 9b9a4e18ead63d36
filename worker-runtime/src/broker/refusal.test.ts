import { expect, test } from "vitest";
import { PublishRefused, Unroutable } from "../errors.ts";
import { blamed, refused } from "./refusal.ts";

const sent = (exchange: string, routingKey: string, bytes = 1) => ({
  message: { exchange, routingKey, content: Buffer.alloc(bytes), properties: {} },
});
const mine = sent("media.image", "resize");
const other = sent("media.image", "crop", 100);
const delayed = sent("jobwright.delay.27", "0.1.media.image");
const inFlight = [mine, other, delayed];

test.each([
  ["NOT_FOUND - no exchange 'media.image' in vhost '/'", [mine, other]],
  ["ACCESS_REFUSED - access to exchange 'jobwright.delay.27' in vhost '/' refused for user 'p'", [delayed]],
  ["ACCESS_REFUSED - access to topic 'crop' in exchange 'media.image' in vhost '/' refused for user 'p'", [other]],
  ["PRECONDITION_FAILED - message size 100 is larger than configured max size 50", [other]],
  ["something new", inFlight],
])("%s", (words, guilty) => {
  expect(blamed(new Error(`Channel closed by server: "${words}"`), inFlight)).toEqual(guilty);
});

test("a missing exchange is unroutable, all else refused with its code", () => {
  expect(refused(Object.assign(new Error("no"), { code: 404 }), "a.b")).toBeInstanceOf(Unroutable);
  const error = refused(Object.assign(new Error("no"), { code: 403 }), "a.b");
  expect(error).toBeInstanceOf(PublishRefused);
  expect(error).toMatchObject({ code: 403 });
});
