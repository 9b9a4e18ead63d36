import { describe, expect, it } from "vitest";
import { play } from "./scenario.ts";
import { stageInMemory, stageOnBroker } from "./stages.ts";

describe("the testing kit", () => {
  it("shows of every way a job may go the same as a worker and RabbitMQ do", async () => {
    const inMemory = await play(stageInMemory());
    const onBroker = await play(await stageOnBroker());
    expect(inMemory).toEqual(onBroker);
    // So that two empty traces would not do.
    expect(Object.keys(onBroker.events)).toHaveLength(18);
    expect(onBroker.events.flaky?.map(({ outcome }) => outcome)).toEqual(["retried", "retried", "done"]);
    expect(Object.keys(onBroker.dead)).toHaveLength(11);
  });
});
