import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { binary } from "./binaries.ts";
import { buildah } from "./buildah.ts";
import { pauseImage } from "./containerd.ts";
import { importImage, isImported } from "./image-import.ts";

/** Gives containerd the image that every pod's sandbox runs. */
export async function ensurePauseImage(): Promise<void> {
  if (await isImported(pauseImage)) return;
  const folder = mkdtempSync(join(tmpdir(), "jobwright-pause-"));
  try {
    cpSync(binary("pause"), join(folder, "pause"));
    writeFileSync(join(folder, "Dockerfile"), 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n');
    await buildah(["build", `--tag=${pauseImage}`, folder]);
    const archive = join(folder, "pause.tar");
    await buildah(["push", pauseImage, `docker-archive:${archive}:${pauseImage}`]);
    await importImage(archive);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
