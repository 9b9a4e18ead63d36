import { delayBindingKey, delayDeliveryExchange } from "@jobwright/worker-runtime/contract";
import { expect, test } from "vitest";
import { formerLanes } from "./former-lanes.ts";
import { bindingId } from "./observe.ts";

const name = "media.resize";
const delayed = (target: string, destination: string) =>
  bindingId(delayDeliveryExchange, "queue", destination, delayBindingKey(target));

test("a lane was, if its delayed jobs come to the work queue, or to the queue for what comes back", () => {
  const bindings = new Set([
    delayed(name, name),
    delayed(`${name}.fast`, `${name}.fast`),
    delayed(`${name}.slow`, name),
    delayed(`${name}.bulk`, `${name}.returns`),
    delayed("media.resize-2", `${name}.returns`),
    delayed("media.other.slow", "media.other"),
    bindingId(name, "queue", name, "#"),
  ]);
  expect(formerLanes({ bindings }, name)).toEqual(["slow", "bulk"]);
  expect(formerLanes({ bindings }, "media.other")).toEqual(["slow"]);
  expect(formerLanes({ bindings }, `${name}.fast`)).toEqual([]);
});
