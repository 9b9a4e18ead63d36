import type { Package } from "./packages.ts";

/** Licences under which a part of an Apache-2.0 work may be given on: they ask for their notice to be kept, and no more. */
const compatible = new Set([
  ...["0BSD", "Apache-2.0", "BlueOak-1.0.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0"],
  ...["PSF-2.0", "Python-2.0", "Unlicense", "Zlib"],
]);

/** Whether an SPDX expression leaves a way to use the package: of `A OR B` one is enough, of `A AND B` both must fit. */
function isCompatible(expression: string): boolean {
  const bare = expression.replace(/^\((.*)\)$/, "$1");
  return bare.split(" OR ").some((choice) => choice.split(" AND ").every((one) => compatible.has(one)));
}

/** Packages that may not be given on under Apache-2.0, or whose licence is not known; a sentence each. */
export function licenceProblems(packages: readonly Package[]): string[] {
  return packages
    .filter(({ licence }) => licence === undefined || !isCompatible(licence))
    .map(({ name, version, licence }) => `${name} ${version}: ${licence ?? "no licence"} in its package.json`);
}
