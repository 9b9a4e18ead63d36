import { expect, test } from "vitest";
import { createAddressesInUse } from "./addresses-in-use.ts";

const address = (vhost: string) => ({
  ...{ host: "rabbit", port: 5672, tls: false, username: "admin", password: "p", vhost },
  managementUrl: "http://rabbit:15672",
});

test("an address is in use from its first object to its last, and only then the list changes", () => {
  const addresses = createAddressesInUse();
  expect(addresses.note("one", address("a"))).toBe(true);
  expect(addresses.note("two", address("a"))).toBe(false);
  expect(addresses.note("two", address("a"))).toBe(false);
  expect(addresses.list()).toEqual([address("a")]);
  expect(addresses.note("one", address("b"))).toBe(true);
  expect(addresses.list()).toEqual([address("a"), address("b")]);
  expect(addresses.of("one")).toEqual(address("b"));
  expect(addresses.note("two", undefined)).toBe(true);
  expect(addresses.note("two", undefined)).toBe(false);
  expect(addresses.of("two")).toBeUndefined();
  expect(addresses.list()).toEqual([address("b")]);
});
