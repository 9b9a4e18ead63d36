import { access } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { defineJob, defineWorker, GiveUp } from "@jobwright/worker-runtime";
import sharp from "sharp";
import { z } from "zod";
import { filterNames, filters } from "./filters.ts";
import { recorded } from "./recorded.ts";

// A pod has its own concurrency; a pool of threads within each picture would only fight with it.
sharp.concurrency(1);

/** Makes a smaller, filtered copy of one of the photographs in photos/. */
export const resize = defineJob({
  name: "resize",
  input: z.object({
    /** File name in photos/, without `.jpg`. */
    photo: z.string().regex(/^[a-z0-9-]+$/),
    /** Width of the copy in pixels; the height follows. */
    width: z.int().min(16).max(4096),
    filter: z.enum(filterNames).default("none"),
  }),
  timeout: "1m",
  run({ photo, width, filter }, job) {
    return recorded(job, async () => {
      const path = fileURLToPath(new URL(`photos/${photo}.jpg`, import.meta.url));
      await access(path).catch(() => {
        // Trying again would not make it appear.
        throw new GiveUp(`no photograph is called "${photo}"`);
      });
      const image = filters[filter](sharp(path).rotate().resize({ width }));
      const bytes = await image.webp({ effort: 5 }).toBuffer();
      job.log.info({ photo, width, filter, bytes: bytes.length }, "resized");
      return { name: `${photo}-${width}-${filter}-${job.id}.webp`, bytes };
    });
  },
});

export default defineWorker({ jobs: [resize] });
