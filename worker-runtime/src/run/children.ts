import type { Clock } from "../clock.ts";
import { isQueueName } from "../contract/index.ts";
import { enqueuedTooLate, InvalidOptions } from "../errors.ts";
import { type JobContext, requireJob } from "../job.ts";
import { childId } from "../message/child-id.ts";
import { type Placement, placeJob } from "../message/enqueue-options.ts";
import type { InputCodec, SealedInput } from "../message/input-codec.ts";
import { jobToSend, tracedJob } from "../message/job-to-send.ts";
import type { OutgoingMessage } from "../message/message.ts";
import { shown } from "../shown.ts";
import { startSend, type TraceHeaders } from "../telemetry/tracing.ts";

/** The jobs that an attempt enqueues with `job.enqueue`, kept until it is known whether it succeeds. */
export interface Children {
  readonly enqueue: JobContext["enqueue"];
  /**
   * The handler has returned: their messages, in the order of the calls.
   *
   * @throws the first error that a call of `enqueue` was answered with, also if nobody awaited it.
   */
  messages(): Promise<OutgoingMessage[]>;
  /** The handler has ended: what it enqueues from now on is refused. */
  end(): void;
}

interface Child {
  readonly name: string;
  readonly queue: string;
  readonly placement: Placement;
  readonly body: SealedInput;
  /** Trace context of the call that enqueued it. */
  readonly trace: TraceHeaders;
}

/**
 * @param parent the job that enqueues them, and its queue.
 * @param codecOf writes inputs for the queue of this name.
 */
export function createChildren(
  parent: { id: string; queue: string },
  codecOf: (queue: string) => InputCodec,
  clock: Clock,
): Children {
  const children: Promise<Child>[] = [];
  let ended = false;

  async function write(id: string, ...[job, input, options = {}]: Parameters<JobContext["enqueue"]>): Promise<Child> {
    requireJob("job.enqueue", job);
    const where = `job.enqueue "${job.name}"`;
    if (ended) throw enqueuedTooLate(job.name);
    const { queue = parent.queue } = options;
    if (!isQueueName(queue)) {
      throw new InvalidOptions(
        `${where}: queue is ${shown(queue)}: expected a resolved name, such as media.image-resize`,
      );
    }
    const placement = placeJob(where, { ...options, id }, clock.now());
    const body = await codecOf(queue).seal(job, id, input);
    const span = startSend(tracedJob(job.name, queue, placement, body), "create");
    span.end();
    return { name: job.name, queue, placement, body, trace: span.headers };
  }

  return {
    enqueue(job, input, options) {
      const child = write(childId(parent.id, children.length), job, input, options);
      if (!ended) children.push(child);
      const id = child.then(({ placement }) => placement.id);
      // If nobody awaits the answer, messages() does.
      if (!ended) id.catch(() => {});
      return id;
    },
    end() {
      ended = true;
    },
    async messages() {
      ended = true;
      const written = await Promise.all(children);
      return written.map(({ name, queue, placement, body, trace }) =>
        jobToSend(name, queue, placement, body, clock.now(), trace),
      );
    },
  };
}
