// Bundles the runtime, and the packages that handlers share with it, for the worker's image, into bundle/: laid over
// node_modules, they are a few files instead of some four hundred. Where they lie and what they export stays the same, so
// what a handler imports are the very modules that the command has loaded. Who installs the runtime with npm gets it unbundled.
import { globSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const bundle = join(import.meta.dirname, "bundle");
const source = (path) => join(import.meta.dirname, "src", path);
const api = "@opentelemetry/api";

const options = {
  bundle: true,
  // What several entries share becomes a chunk of its own: nothing is there twice.
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node24",
  // Neither names nor lines are touched: stack traces in the log are read by people.
  minifySyntax: true,
  legalComments: "eof",
  logLevel: "warning",
};

/** prom-client requires the CommonJS copy of what the runtime imports as an ES module. */
const oneCopyOfTheApi = {
  name: "one-copy-of-the-api",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^${api}$`) }, ({ kind, path }) =>
      kind === "require-call" ? { path, namespace: "imported" } : { path, external: true },
    );
    onLoad({ filter: /./, namespace: "imported" }, ({ path }) => ({ contents: `export * from "${path}"` }));
  },
};

await build({
  ...options,
  entryPoints: {
    index: source("index.ts"),
    "contract/index": source("contract/index.ts"),
    "testing/index": source("testing/index.ts"),
    "command/main": source("command/main.ts"),
    // Beside the chunk that looks for it.
    "thread-main": source("isolation/thread-main.ts"),
  },
  outdir: join(bundle, "@jobwright/worker-runtime/dist"),
  external: ["zod"],
  plugins: [oneCopyOfTheApi],
  // CommonJS packages in the bundle call require() for Node's own modules; an ES module has none until one is made.
  banner: {
    js: 'import { createRequire as requireOf } from "node:module"; const require = requireOf(import.meta.url);',
  },
});

await bundlePackage("zod", "zod/package.json", "{index,{mini,v4-mini,v4}/index,v4/{core,mini}/index}.js");
await bundlePackage(api, api, "{index,experimental/index}.mjs");

/** @param inside what leads to the folder in which the entries are. */
async function bundlePackage(name, inside, entries) {
  const from = dirname(fileURLToPath(import.meta.resolve(inside)));
  const to = join(bundle, from.slice(from.lastIndexOf(name)));
  await build({
    ...options,
    // Their comments are not all ASCII, and V8 keeps a file that is not with two bytes for each letter.
    minifyWhitespace: true,
    entryPoints: globSync(entries, { cwd: from }).map((entry) => join(from, entry)),
    outbase: from,
    outdir: to,
    outExtension: { ".js": entries.slice(entries.lastIndexOf(".")) },
  });
}
