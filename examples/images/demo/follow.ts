import type { Broker } from "../../../test/broker/index.ts";
import { countPods, readBacklog } from "./example.ts";
import { vhost } from "./install.ts";
import type { Kube } from "./kubectl.ts";
import type { Published } from "./publish.ts";
import { countDeadLetters } from "./queues.ts";
import type { RecorderClient } from "./recorder-client.ts";
import type { Reading } from "./table.ts";
import { percentile, tally } from "./tally.ts";

const readingIntervalMs = 500;
/** With no change for this long, whatever is missing counts as lost. Far more than the longest retry takes. */
const patienceMs = 120_000;

/**
 * Shows a reading every half second until every published job is done or dead-lettered, or nothing has changed for two
 * minutes.
 * @returns the most worker pods seen at once, and whether all jobs came to an end.
 */
export async function follow(
  { kube, broker, recorder }: { kube: Kube; broker: Broker; recorder: RecorderClient },
  deadLetterQueue: string,
  published: Published,
  show: (reading: Reading, final: boolean) => void,
): Promise<{ peakWorkers: number; finished: boolean }> {
  let peak = 0;
  let before = "";
  let changedAt = performance.now();
  for (;;) {
    const began = performance.now();
    const [events, backlog, dead, replicas] = await Promise.all([
      recorder.events(),
      readBacklog(kube),
      countDeadLetters(broker, vhost, deadLetterQueue),
      countPods(kube),
    ]);
    const sum = tally(events);
    const done = published.ids.filter((id) => sum.done.has(id)).length;
    peak = Math.max(peak, replicas);
    const reading: Reading = {
      backlog,
      replicas,
      busy: sum.busy,
      done,
      dead,
      p95WaitMs: percentile(sum.waitsMs, 0.95),
    };
    const now = JSON.stringify(reading);
    if (now !== before) changedAt = performance.now();
    before = now;
    const finished = done + dead >= published.ids.length && sum.busy === 0;
    const stuck = performance.now() - changedAt > patienceMs;
    show(reading, finished || stuck);
    if (finished || stuck) return { peakWorkers: peak, finished };
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, readingIntervalMs - (performance.now() - began))));
  }
}
