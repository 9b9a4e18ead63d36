import type { Registry } from "prom-client";
import type { JobQueue } from "../api/objects.ts";
import { oncePerScrape, registerAtScrape } from "./at-scrape.ts";
import { conditionLabels, conditionSeries } from "./condition-series.ts";

const labelNames = ["namespace", "queue"];

/** Reports on every JobQueue, from what its status says: nobody is asked for it. One that is gone leaves nothing behind. */
export function reportJobQueues(registry: Registry, jobQueues: () => Iterable<JobQueue>): void {
  const list = oncePerScrape(jobQueues);
  const labelsOf = ({ metadata }: JobQueue) => ({ namespace: metadata.namespace, queue: metadata.name });
  registerAtScrape(registry, {
    name: "jobwright_jobqueue_jobs",
    help: "Jobs by state: waiting (ready to be delivered, of all lanes), running (delivered, and yet to end) and dead (dead letters, those included that RabbitMQ has yet to move to their queue). Counted each 15 s; absent while the broker cannot be reached.",
    labelNames: [...labelNames, "state"],
    *read() {
      for (const jobQueue of list()) {
        if (isCut(jobQueue)) continue;
        for (const [state, jobs] of Object.entries(jobQueue.status?.jobs ?? {})) {
          yield [{ ...labelsOf(jobQueue), state }, jobs];
        }
      }
    },
  });
  registerAtScrape(registry, {
    name: "jobwright_jobqueue_condition",
    help: "The JobQueue's conditions: 1 while one is True, else 0.",
    labelNames: [...labelNames, ...conditionLabels],
    *read() {
      for (const jobQueue of list()) yield* conditionSeries(labelsOf(jobQueue), jobQueue.status?.conditions);
    },
  });
  registerAtScrape(registry, {
    name: "jobwright_jobqueue_info",
    help: "1; names the JobQueue's broker, and its work queue and dead-letter queue there, as RabbitMQ's own metrics name them.",
    labelNames: [...labelNames, "host", "port", "vhost", "work_queue", "dead_letter_queue"],
    *read() {
      for (const jobQueue of list()) {
        const { broker, vhost, queue, deadLetterQueue } = jobQueue.status ?? {};
        if (broker === undefined || vhost === undefined || queue === undefined) continue;
        const where = { host: broker.host, port: `${broker.port}`, vhost };
        const names = { work_queue: queue, dead_letter_queue: deadLetterQueue ?? "" };
        yield [{ ...labelsOf(jobQueue), ...where, ...names }, 1];
      }
    },
  });
}

/** What was counted before is no count of now. */
function isCut({ status }: JobQueue): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "BrokerReachable" && is !== "True") ?? false;
}
