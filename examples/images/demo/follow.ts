import type { Broker } from "../../../test/broker/index.ts";
import { readCounts } from "./dead-letters.ts";
import { countPods } from "./example.ts";
import { vhost } from "./install.ts";
import type { Kube } from "./kubectl.ts";
import type { Published } from "./publish.ts";
import type { RecorderClient } from "./recorder-client.ts";
import type { Reading } from "./table.ts";
import { percentile, tally } from "./tally.ts";

const readingIntervalMs = 500;
/** With no change for this long, whatever is missing counts as lost. Far more than the longest retry takes. */
const patienceMs = 120_000;

/**
 * Shows a reading every half second until every published job is done or dead-lettered, or nothing has changed for two
 * minutes.
 * @returns the most worker pods seen at once.
 */
export async function follow(
  { kube, broker, recorder }: { kube: Kube; broker: Broker; recorder: RecorderClient },
  queues: { work: string; dead: string },
  published: Published,
  show: (reading: Reading, final: boolean) => void,
): Promise<number> {
  let peak = 0;
  let before = "";
  let changedAt = performance.now();
  for (;;) {
    const began = performance.now();
    const [events, counts, replicas] = await Promise.all([
      recorder.events(),
      readCounts(broker, vhost, queues),
      countPods(kube),
    ]);
    const sum = tally(events);
    const done = published.ids.filter((id) => sum.done.has(id)).length;
    peak = Math.max(peak, replicas);
    const reading: Reading = {
      backlog: counts.waiting,
      replicas,
      busy: sum.busy,
      done,
      dead: counts.dead,
      p95WaitMs: percentile(sum.waitsMs, 0.95),
    };
    const now = JSON.stringify(reading);
    if (now !== before) changedAt = performance.now();
    before = now;
    const finished = done + counts.dead >= published.ids.length && sum.busy === 0;
    const stuck = performance.now() - changedAt > patienceMs;
    show(reading, finished || stuck);
    if (finished || stuck) return peak;
    await new Promise((resolve) => setTimeout(resolve, readingIntervalMs - (performance.now() - began)));
  }
}
