import type { KubeClient } from "./client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { isNotFound } from "./errors.ts";
import { type Logger, silentLogger } from "./log.ts";
import { microTime } from "./microtime.ts";
import { type KubeObject, objectFields, objectKey } from "./object.ts";
import type { Resource } from "./resource.ts";
import { createTokenBucket, type TokenBucket } from "./token-bucket.ts";

/** `kubectl describe` and `kubectl get events` show these, series included. */
export const eventResource: Resource = {
  group: "events.k8s.io",
  version: "v1",
  plural: "events",
  kind: "Event",
  namespaced: true,
};

// A repeat within this time counts up the event that is there: client-go's limit for a series.
const SERIES_MS = 6 * 60_000;
// client-go's limits against a flood of events on one object.
const BURST_PER_OBJECT = 25;
const PER_SECOND_PER_OBJECT = 1 / 300;
const OBJECTS_REMEMBERED = 1000;
// Set where the API server refuses: a note has at most 1024 bytes.
const NOTE_LIMIT_BYTES = 1024;
const PENDING_LIMIT = 1000;

export interface EventRecorderOptions {
  client: KubeClient;
  /** Who reports, as a qualified name: "jobqueue.example.com/controller". `kubectl` shows it as the source. */
  component: string;
  /** Which instance of it: the pod's name. */
  instance: string;
  log?: Logger | undefined;
  clock?: Clock | undefined;
}

export interface EventRecorder {
  /**
   * Reports something on the object, for the user to read. Returns at once and never throws; what cannot be written is logged.
   * The same report within six minutes counts up the first. One object gets 25 writes at once, then one each five minutes.
   *
   * @param reason one CamelCase word, such as "ScaledUp"
   */
  record(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void;
  /** Resolves when everything recorded so far is written or given up. */
  flush(): Promise<void>;
}

interface EventObject extends KubeObject {
  eventTime: string;
  series?: { count: number; lastObservedTime: string };
  [field: string]: unknown;
}

/** The event that repeats of a report count up. */
interface Series {
  name: string;
  namespace: string;
  count: number;
  lastAt: number;
}

/** What is known of one object's events: its rate and the series that may go on. */
interface Subject {
  bucket: TokenBucket;
  series: Map<string, Series>;
}

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, component, instance, log = silentLogger, clock = systemClock } = options;
  /** In the order of use, so that the one unused for longest is forgotten first. */
  const subjects = new Map<string, Subject>();
  // One write at a time: a repeat must find the event that the first report is still creating.
  let writing: Promise<void> = Promise.resolve();
  let pending = 0;
  let lastName = 0;

  function subjectOf(uid: string): Subject {
    const subject = subjects.get(uid) ?? {
      bucket: createTokenBucket(PER_SECOND_PER_OBJECT, BURST_PER_OBJECT, clock),
      series: new Map<string, Series>(),
    };
    subjects.delete(uid);
    subjects.set(uid, subject);
    const [oldest] = subjects.keys();
    if (subjects.size > OBJECTS_REMEMBERED && oldest !== undefined) {
      subjects.delete(oldest);
    }
    return subject;
  }

  async function create(report: Report): Promise<Series> {
    const { object, at } = report;
    const namespace = object.metadata.namespace ?? "default";
    // As client-go: the object's name and the time; counted on where two come in one microsecond.
    lastName = Math.max(lastName + 1, at.getTime() * 1000);
    const name = `${object.metadata.name.slice(0, 230)}.${lastName.toString(16)}`;
    const { apiVersion, kind, metadata } = object;
    await client.create<EventObject>(eventResource, {
      metadata: { name, namespace },
      eventTime: microTime(at),
      type: report.type,
      reason: report.reason,
      action: "Reconcile",
      note: truncate(report.message),
      regarding: { apiVersion, kind, name: metadata.name, namespace: metadata.namespace, uid: metadata.uid },
      reportingController: component,
      reportingInstance: instance,
    });
    return { name, namespace, count: 1, lastAt: clock.now() };
  }

  async function countUp(series: Series, at: Date): Promise<boolean> {
    try {
      await client.patch(eventResource, series.name, series.namespace, {
        series: { count: series.count, lastObservedTime: microTime(at) },
      });
      return true;
    } catch (error) {
      // The API server forgets events after an hour, or somebody deleted it.
      if (isNotFound(error)) {
        return false;
      }
      throw error;
    }
  }

  async function write(report: Report): Promise<void> {
    const subject = subjectOf(report.object.metadata.uid ?? objectKey(report.object));
    for (const [key, { lastAt }] of subject.series) {
      if (clock.now() - lastAt > SERIES_MS) {
        subject.series.delete(key);
      }
    }
    const key = JSON.stringify([report.type, report.reason, report.message]);
    const series = subject.series.get(key);
    if (series) {
      // Counted even when the rate forbids to write it: the next write carries the sum.
      series.count += 1;
      series.lastAt = clock.now();
    }
    if (!subject.bucket.tryTake()) {
      log.debug(
        { ...objectFields(report.object), reason: report.reason },
        "event not written: too many on this object",
      );
      return;
    }
    if (!series || !(await countUp(series, report.at))) {
      subject.series.set(key, await create(report));
    }
  }

  return {
    record(object, type, reason, message) {
      if (pending >= PENDING_LIMIT) {
        log.warn({ ...objectFields(object), reason, text: message }, "event dropped: too many wait to be written");
        return;
      }
      pending += 1;
      const report: Report = { object, type, reason, message, at: new Date() };
      writing = writing
        .then(() => write(report))
        .catch((error: unknown) => {
          log.warn({ ...objectFields(object), reason, text: message, err: error }, "event could not be written");
        })
        .finally(() => {
          pending -= 1;
        });
    },
    flush: () => writing,
  };
}

interface Report {
  object: KubeObject;
  type: "Normal" | "Warning";
  reason: string;
  message: string;
  at: Date;
}

function truncate(message: string): string {
  if (Buffer.byteLength(message) <= NOTE_LIMIT_BYTES) {
    return message;
  }
  // Cutting bytes may halve a character; that half is dropped too.
  const cut = Buffer.from(message).subarray(0, NOTE_LIMIT_BYTES - 3);
  return `${new TextDecoder().decode(cut).replace(/\uFFFD+$/, "")}…`;
}
