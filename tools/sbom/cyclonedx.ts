import type { Package } from "./packages.ts";

/** What an SBOM is of. */
export interface Subject {
  readonly name: string;
  readonly version: string;
  readonly description: string;
}

/** A software bill of materials by CycloneDX 1.6 (https://cyclonedx.org/docs/1.6/json/). The same packages give the same one, byte by byte. */
export function cyclonedx({ name, version, description }: Subject, packages: readonly Package[]): object {
  return {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        ...{ "bom-ref": name, type: "application", name, version, description },
        licenses: [{ license: { id: "Apache-2.0" } }],
      },
    },
    components: packages.map(component),
  };
}

function component({ path, name, version, licence, integrity }: Package) {
  const scoped = /^(@[^/]+)\/(.+)$/.exec(name);
  return {
    // One package may be there twice, in two folders.
    "bom-ref": path,
    type: "library",
    ...(scoped === null ? { name } : { group: scoped[1], name: scoped[2] }),
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    licenses: licence === undefined ? [] : [licenceOf(licence)],
    hashes: hashesOf(integrity),
  };
}

/** An SPDX expression such as `MIT OR Apache-2.0` is no identifier. */
function licenceOf(licence: string): object {
  return /[ ()]/.test(licence) ? { expression: licence } : { license: { id: licence } };
}

function hashesOf(integrity: string | undefined): object[] {
  const sha512 = integrity?.split(" ").find((one) => one.startsWith("sha512-"));
  if (sha512 === undefined) return [];
  return [{ alg: "SHA-512", content: Buffer.from(sha512.slice("sha512-".length), "base64").toString("hex") }];
}
