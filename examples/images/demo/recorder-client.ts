import { mkdirSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JobEvent } from "../worker/job-event.ts";
import type { Kube } from "./kubectl.ts";

/** Reads what the recorder heard of the handlers, through the API server, so from outside any cluster. */
export interface RecorderClient {
  /** Every event since the recorder started; only those not read before are fetched. */
  events(): Promise<readonly JobEvent[]>;
  /** Copies all pictures into an emptied folder. @returns how many. */
  download(folder: string): Promise<number>;
}

/** A client of the recorder in a namespace. */
export function recorderClient(kube: Kube, namespace: string): RecorderClient {
  const known: JobEvent[] = [];
  const get = async (path: string) => {
    const response = await kube.get(`/api/v1/namespaces/${namespace}/services/recorder:http/proxy${path}`);
    if (!response.ok) throw new Error(`the recorder's ${path}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    async events() {
      const answer = (await (await get(`/events?after=${known.length}`)).json()) as { events: JobEvent[] };
      known.push(...answer.events);
      return known;
    },
    async download(folder) {
      const names = (await (await get("/results")).json()) as string[];
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder, { recursive: true });
      const waiting = [...names];
      const copy = async () => {
        for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
          const response = await get(`/results/${name}`);
          await writeFile(join(folder, name), Buffer.from(await response.arrayBuffer()));
        }
      };
      await Promise.all(Array.from({ length: 8 }, copy));
      return names.length;
    },
  };
}
