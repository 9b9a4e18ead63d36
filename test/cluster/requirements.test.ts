import { expect, test } from "vitest";
import { missingRequirements } from "./requirements.ts";

const fine = {
  platform: "linux",
  userId: 0,
  hasAptGet: true,
  hasGo: true,
  binariesReady: false,
  missingPackages: ["containerd"],
};

test("a Linux machine with root, apt and Go lacks nothing", () => {
  expect(missingRequirements(fine)).toEqual([]);
});

test("each thing that is missing has a line of its own that names it first", () => {
  const lines = missingRequirements({ ...fine, userId: 1000, hasAptGet: false, hasGo: false });
  expect(lines.map((line) => line.split(":")[0])).toEqual(["root", "apt-get", "Go 1.24 or newer"]);
  expect(lines[1]).toContain("containerd");
});

test("neither apt nor Go is asked for when everything is installed and built", () => {
  const machine = { ...fine, hasAptGet: false, hasGo: false, binariesReady: true, missingPackages: [] };
  expect(missingRequirements(machine)).toEqual([]);
});
