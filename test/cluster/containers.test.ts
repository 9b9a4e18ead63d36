import { expect, test } from "vitest";
import { isOurShim } from "./containers.ts";

const socket = "/state/containerd.sock";
const shim = (address: string) => [
  "/usr/bin/containerd-shim-runc-v2",
  "-namespace",
  "k8s.io",
  "-id",
  "a",
  "-address",
  address,
];

test("a shim of our containerd is ours", () => {
  expect(isOurShim(shim(socket), socket)).toBe(true);
});

test("a shim of the machine's own containerd, and any other program, is not", () => {
  expect(isOurShim(shim("/run/containerd/containerd.sock"), socket)).toBe(false);
  expect(isOurShim(["/usr/bin/ctr", "-address", socket], socket)).toBe(false);
  expect(isOurShim(["/usr/bin/containerd-shim-runc-v2", socket], socket)).toBe(false);
  expect(isOurShim([], socket)).toBe(false);
});
