import { describe, expect, it } from "vitest";
import { BrokerUnsupported } from "./errors.ts";
import { brokerFeatures } from "./features.ts";

const on = new Map([["stream_queue", "enabled"]]);
const off = new Map([["stream_queue", "disabled"]]);

describe("brokerFeatures", () => {
  it("knows from which version on unlimited deliveries must be asked for", () => {
    expect(brokerFeatures("3.10.8", on).unlimitedDeliveriesMustBeSaid).toBe(false);
    expect(brokerFeatures("3.13.7", new Map()).unlimitedDeliveriesMustBeSaid).toBe(false);
    expect(brokerFeatures("4.0.0-rc.1", new Map()).unlimitedDeliveriesMustBeSaid).toBe(true);
  });

  it("refuses brokers on which jobs could be lost, and says what to do", () => {
    expect(() => brokerFeatures("3.9.27", on)).toThrow(BrokerUnsupported);
    expect(() => brokerFeatures("3.10.8", off)).toThrow("rabbitmqctl enable_feature_flag stream_queue");
    expect(() => brokerFeatures("3.12.0", off)).not.toThrow();
  });
});
