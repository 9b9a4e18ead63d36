import type { Change } from "./watch.ts";

/** A JobQueue on the broker where something changed. */
export interface Place {
  /** `<namespace>/<name>` */
  readonly key: string;
  readonly namespace: string;
  readonly vhost: string;
  /** Its resolved name. */
  readonly queue: string;
}

/** Which objects should look at the broker. */
export interface Concerned {
  /** JobQueues whose topology may have changed. */
  readonly queues: ReadonlySet<string>;
  /** JobQueues and WorkerPools, if there are such, whose users may have changed. */
  readonly users: ReadonlySet<string>;
}

/** Finds out whom changes concern. What all JobQueues of a namespace share is put right by any one of them. */
export function concernedBy(changes: readonly Change[], places: readonly Place[]): Concerned {
  const byName = new Map(places.map((place) => [nameIn(place.vhost, place.queue), place]));

  function placesOf({ subject, vhost }: Change): readonly Place[] {
    if (subject.kind === "User") return [];
    if (subject.kind === "Topology") {
      return subject.names.flatMap((name) => byName.get(nameIn(vhost ?? "", name)) ?? []).slice(0, 1);
    }
    const inVhost = places.filter((place) => place.vhost === vhost);
    return subject.kind === "Vhost" ? inVhost : firstOfEachNamespace(inVhost);
  }

  return {
    queues: new Set(changes.flatMap(placesOf).map(({ key }) => key)),
    users: new Set(changes.flatMap(({ subject }) => (subject.kind === "User" ? [subject.key] : []))),
  };
}

function firstOfEachNamespace(places: readonly Place[]): Place[] {
  return [...new Map(places.toReversed().map((place) => [place.namespace, place])).values()];
}

function nameIn(vhost: string, name: string): string {
  return JSON.stringify([vhost, name]);
}
