import { jobQueues, workerPools } from "../../../operator/src/api/objects.ts";
import type { KubeClient, KubeObject, Resource } from "../../../operator/src/kube/index.ts";

const events: Resource = { group: "", version: "v1", plural: "events", kind: "Event", namespaced: true };

/** An Event, as `kubectl get events` shows it. */
export interface RecordedEvent extends KubeObject {
  type: string;
  reason: string;
  message: string;
  involvedObject: { kind: string; name: string };
  series?: { count: number };
}

/** What was reported on one object. */
export async function readEvents(client: KubeClient, namespace: string, kind: string, name: string) {
  const fieldSelector = `involvedObject.kind=${kind},involvedObject.name=${name}`;
  return (await client.list<RecordedEvent>(events, { namespace, fieldSelector })).items;
}

/** What a person would look at after a failure: statuses, events, the end of the operator's log. */
export async function describeScene(client: KubeClient, namespace: string, log: readonly string[]): Promise<string> {
  const [queues, pools, recorded] = await Promise.all([
    client.list(jobQueues, { namespace }),
    client.list(workerPools, { namespace }),
    client.list<RecordedEvent>(events, { namespace }),
  ]);
  const objects = [...queues.items, ...pools.items];
  return [
    `── ${namespace}`,
    ...objects.map(({ kind, metadata, status }) => `${kind} ${metadata.name}: ${JSON.stringify(status, null, 1)}`),
    ...recorded.items.map((event) => `${event.type} ${event.reason} ${event.involvedObject.name}: ${event.message}`),
    ...log.slice(-40),
    "",
  ].join("\n");
}
