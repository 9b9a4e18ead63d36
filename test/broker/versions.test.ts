import { expect, test } from "vitest";
import { brokerConfiguration } from "./configuration.ts";
import { brokerPlans, brokerVersions, parseBrokerVersion } from "./versions.ts";

test("a version that is not offered is refused with those that are", () => {
  expect(parseBrokerVersion("3.10")).toBe("3.10");
  expect(() => parseBrokerVersion("3.1")).toThrow("RabbitMQ 3.1 is not offered here: expected one of 4.0, 3.10");
});

test("no two brokers share a port, so that all versions run side by side", () => {
  const ports = brokerVersions.flatMap((version) => {
    const { suite: _, ...plan } = brokerPlans[version];
    return Object.values(plan);
  });
  expect(new Set(ports).size).toBe(ports.length);
});

test("a broker listens at its own address only", () => {
  const settings = { address: "10.244.0.1", username: "admin", password: "p" };
  const addresses = brokerConfiguration(brokerPlans["4.0"], settings)
    .split("\n")
    .filter((line) => /^(listeners\.tcp|management\.tcp\.ip|prometheus\.tcp\.ip)/.test(line))
    .map((line) => line.split(" = ")[1]);
  expect(addresses).toEqual(["10.244.0.1:5640", "10.244.0.1", "10.244.0.1"]);
});
