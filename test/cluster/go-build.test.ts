import { expect, test } from "vitest";
import { moduleVersion } from "./go-build.ts";

const goMod = `module jobwright.local/helm

require helm.sh/helm/v3 v3.19.2

require (
	k8s.io/api v0.34.2 // indirect
)

replace k8s.io/client-go => k8s.io/client-go v0.34.2
`;

test("a module's version is found in a line and in a block", () => {
  expect(moduleVersion(goMod, "helm.sh/helm/v3")).toBe("v3.19.2");
  expect(moduleVersion(goMod, "k8s.io/api")).toBe("v0.34.2");
});

test("a replacement is no requirement", () => {
  expect(() => moduleVersion(goMod, "k8s.io/client-go")).toThrow("requires no version of k8s.io/client-go");
});

test("the go.mod's own module has a version too, to name its folder by", () => {
  expect(moduleVersion(goMod, "jobwright.local/helm")).toBe("v1");
});
