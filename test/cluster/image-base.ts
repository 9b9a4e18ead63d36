import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildah, localImageId } from "./buildah.ts";
import { run } from "./command.ts";
import { program } from "./packages.ts";
import { cachePath } from "./paths.ts";
import { slowStep } from "./progress.ts";

const repository = join(import.meta.dirname, "..", "..");
const nodePackage = join(repository, "node_modules", "node");
const npmVersion = "11";
const debianSuite = "bookworm";
/** Where Node and npm look for further certificate authorities in the image. */
const imageCertificates = "/usr/local/share/jobwright-ca.crt";

/** What the base image is made from; the same ingredients give the same image. */
interface Ingredients {
  nodeVersion: string;
  /** npm's registry on this machine, so that a build asks the same one. */
  registry: string;
  /** This machine's own certificate authorities, when it has some. */
  certificates: Buffer | undefined;
}

/**
 * The stand-in for the official `node:24-bookworm-slim` where no image registry is reached: Debian, Node 24, npm, the
 * user `node`. Made from the `node` npm package's program on a Debian root, once.
 * @returns its name in buildah's storage, to be passed as the Dockerfile's NODE_IMAGE.
 */
export async function ensureNodeImage(): Promise<string> {
  const ingredients = await gatherIngredients();
  const { nodeVersion, registry, certificates } = ingredients;
  const key = createHash("sha256")
    .update(JSON.stringify([nodeVersion, npmVersion, debianSuite, registry]))
    .update(certificates ?? "")
    .digest("hex")
    .slice(0, 12);
  const reference = `localhost/jobwright/node:${nodeVersion}-${key}`;
  if ((await localImageId(reference)) === undefined) {
    await slowStep(`Making a Node ${nodeVersion} base image on Debian ${debianSuite} (about half a minute, once)`, () =>
      makeNodeImage(reference, ingredients),
    );
  }
  return reference;
}

async function gatherIngredients(): Promise<Ingredients> {
  const { version } = JSON.parse(readFileSync(join(nodePackage, "package.json"), "utf8")) as { version: string };
  const certificateFile = process.env.NODE_EXTRA_CA_CERTS;
  return {
    nodeVersion: version,
    registry: (await run("npm", ["config", "get", "registry"])).trim(),
    certificates:
      certificateFile !== undefined && existsSync(certificateFile) ? readFileSync(certificateFile) : undefined,
  };
}

async function makeNodeImage(reference: string, ingredients: Ingredients): Promise<void> {
  const work = cachePath("node-image.partial");
  rmSync(work, { recursive: true, force: true });
  const overlay = join(work, "overlay");
  mkdirSync(join(overlay, "usr/local/bin"), { recursive: true });
  mkdirSync(join(overlay, "usr/local/etc"), { recursive: true });
  cpSync(join(nodePackage, "bin", "node"), join(overlay, "usr/local/bin/node"));
  await run("npm", [
    "install",
    "--prefix",
    join(overlay, "usr/local/lib"),
    "--no-save",
    "--no-package-lock",
    `npm@${npmVersion}`,
  ]);
  const npmrc = [`registry=${ingredients.registry}`];
  if (ingredients.certificates !== undefined) {
    mkdirSync(join(overlay, "usr/local/share"), { recursive: true });
    writeFileSync(join(overlay, imageCertificates), ingredients.certificates);
    npmrc.push(`cafile=${imageCertificates}`);
  }
  writeFileSync(join(overlay, "usr/local/etc/npmrc"), `${npmrc.join("\n")}\n`);
  const root = join(work, "root.tar");
  await run(program("mmdebstrap"), [
    "--variant=minbase",
    ...["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`),
    `--customize-hook=cp -r ${overlay}/. "$1/"`,
    `--customize-hook=chroot "$1" sh -c '${[
      "chmod 755 /usr/local/bin/node",
      "ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm",
      "ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx",
      // As in the official image.
      "useradd --create-home --uid 1000 --shell /bin/bash node",
    ].join(" && ")}'`,
    debianSuite,
    root,
  ]);
  const container = (await buildah(["from", "scratch"])).trim();
  try {
    await buildah(["add", container, root, "/"]);
    const path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    const certificates =
      ingredients.certificates === undefined ? [] : ["--env", `NODE_EXTRA_CA_CERTS=${imageCertificates}`];
    await buildah(["config", "--env", path, ...certificates, "--cmd", "node", container]);
    await buildah(["commit", container, reference]);
  } finally {
    await buildah(["rm", container]);
    rmSync(work, { recursive: true, force: true });
  }
}
