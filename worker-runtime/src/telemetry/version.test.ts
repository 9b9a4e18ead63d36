import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { runtimeVersion } from "./version.ts";

test("is the version that package.json says", () => {
  expect(runtimeVersion).toBe(manifest.version);
});
