import { describe, expect, test } from "vitest";
import { cyclonedx } from "./cyclonedx.ts";
import { imagesOf } from "./images.ts";
import { licenceProblems } from "./licences.ts";
import { bundled, installed, type Lock, readLock } from "./packages.ts";

const lock: Lock = {
  "worker-runtime": {
    version: "0.1.0",
    dependencies: { commander: "^14.0.0", pino: "^10.0.0" },
    devDependencies: { vitest: "^5.0.0" },
  },
  "worker-runtime/node_modules/commander": { version: "14.0.3", license: "MIT" },
  "node_modules/commander": { version: "15.1.0", license: "MIT" },
  "node_modules/pino": { version: "10.4.0", license: "MIT", dependencies: { "@pinojs/redact": "^0.4.0" } },
  "node_modules/@pinojs/redact": { version: "0.4.0", license: "MIT", integrity: "sha512-AAEC" },
  "node_modules/vitest": { version: "5.1.1", license: "MIT", dev: true },
};

describe("what is in an image", () => {
  test("is what the workspace's dependencies lead to, each as Node finds it, and nothing else", () => {
    expect(installed(lock, "worker-runtime").map(({ name, version }) => `${name} ${version}`)).toEqual([
      "@pinojs/redact 0.4.0",
      "pino 10.4.0",
      "commander 14.0.3",
    ]);
  });

  test("is of a bundle what its files are from", () => {
    const files = ["operator/src/main.ts", "node_modules/@pinojs/redact/index.js", "node_modules/pino/lib/a.js"];
    expect(bundled(lock, files).map(({ path }) => path)).toEqual(["node_modules/@pinojs/redact", "node_modules/pino"]);
  });
});

test("a bill names each package with its version, licence and hash", () => {
  const [redact] = installed(lock, "worker-runtime");
  const subject = { name: "operator", version: "0.1.0", description: "packages" };
  expect(cyclonedx(subject, redact === undefined ? [] : [redact])).toMatchObject({
    bomFormat: "CycloneDX",
    components: [
      {
        ...{ group: "@pinojs", name: "redact", version: "0.4.0", purl: "pkg:npm/%40pinojs/redact@0.4.0" },
        ...{ licenses: [{ license: { id: "MIT" } }], hashes: [{ alg: "SHA-512", content: "000102" }] },
      },
    ],
  });
});

test("a licence is compatible if one of the choices is, and all of its parts are", () => {
  const of = (licence: string | undefined) =>
    licenceProblems([{ path: "p", name: "p", version: "1.0.0", licence, integrity: undefined }]).length === 0;
  expect(["MIT", "(MIT OR GPL-3.0-only)", "MIT AND ISC"].map(of)).toEqual([true, true, true]);
  expect(["GPL-3.0-only", "MIT AND GPL-3.0-only", undefined].map(of)).toEqual([false, false, false]);
});

test("every package in the images may be given on under Apache-2.0", { timeout: 60_000 }, async () => {
  const images = await imagesOf(readLock());
  expect(images.map(({ name }) => name)).toEqual(["operator", "worker-runtime"]);
  for (const { name, packages } of images) {
    const names = packages.map((one) => one.name);
    expect(names, name).toEqual(expect.arrayContaining(["amqplib", "pino", "prom-client", "zod"]));
    for (const developers of ["vitest", "typescript", "esbuild"]) expect(names, name).not.toContain(developers);
    expect(licenceProblems(packages), name).toEqual([]);
  }
});
