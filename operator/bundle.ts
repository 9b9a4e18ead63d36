import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";

/**
 * Nothing of the Kubernetes client does anything by being loaded, which its package.json does not say: so what the operator does
 * not use of it, the classes of every built-in kind, stays out of the bundle.
 */
const onlyWhatIsUsed: Plugin = {
  name: "only-what-is-used",
  setup({ onResolve, resolve }) {
    const client = "@kubernetes/client-node";
    onResolve({ filter: /./ }, async ({ path, importer, resolveDir, kind, pluginData }) => {
      const concerns = path.startsWith(client) || importer.includes(`/${client}/`);
      if (!concerns || pluginData === client) return undefined;
      const resolved = await resolve(path, { importer, resolveDir, kind, pluginData: client });
      return resolved.path.includes(`/${client}/`) ? { ...resolved, sideEffects: false } : resolved;
    });
  },
};

/** An ES module's import of node:http reads each of its exports, one of which (WebSocket) loads all of undici: 14 MB that nobody uses. */
const httpAsItIsUsed: Plugin = {
  name: "http-as-it-is-used",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === "import-statement" ? { path: "node:http", namespace: "built-in" } : undefined,
    );
    onLoad({ filter: /./, namespace: "built-in" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("${path}")`,
    }));
  },
};

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/**
 * How the operator is bundled into one file, dist/main.js. Unbundled, the Kubernetes client alone takes half as much memory
 * again and three times as long to load; and the image needs no node_modules.
 */
export const bundle: BuildOptions = {
  entryPoints: [path("src/main.ts")],
  outfile: path("dist/main.js"),
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node24",
  // The contract's TypeScript sources, so that the worker runtime need not be built first.
  conditions: ["source"],
  // Names stay as they are: stack traces in the log are read by people.
  minifySyntax: true,
  minifyWhitespace: true,
  // In a file of their own: one letter that is not ASCII, and V8 keeps all of the bundle with two bytes for each.
  legalComments: "external",
  // CommonJS packages in the bundle call require() for Node's own modules; an ES module has none until one is made.
  banner: { js: `import { createRequire } from "node:module";const require = createRequire(import.meta.url);` },
  logLevel: "warning",
  plugins: [onlyWhatIsUsed, httpAsItIsUsed],
};

/** The files that anything of the bundle is from, as paths from `folder`. */
export async function bundledFiles(folder: string): Promise<string[]> {
  const { metafile } = await build({ ...bundle, absWorkingDir: folder, metafile: true, write: false });
  const parts = Object.values(metafile.outputs).flatMap(({ inputs }) => Object.entries(inputs));
  return parts.flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : []));
}
