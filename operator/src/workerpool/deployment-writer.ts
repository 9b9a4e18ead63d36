import type { WorkerPool } from "../api/objects.ts";
import { refuseForeign } from "../foreign.ts";
import { deployments } from "../kinds.ts";
import type { KubeClient } from "../kube/index.ts";
import { fieldManager } from "../ownership.ts";
import { type Deployment, poolDeployment } from "./deployment.ts";
import { childNames } from "./names.ts";

/** What a pool's Deployment should be. */
export interface WantedDeployment {
  readonly pool: WorkerPool;
  readonly configurationHash: string;
  /** The Secret with the keys of a queue that encrypts. */
  readonly keyring: string | undefined;
  /** Which of the pool's users the workers have. */
  readonly credentialsGeneration: number;
  readonly replicas: number;
}

/**
 * The one writer of a pool's Deployment. Writes follow each other, and each says what is wanted when it begins, so the
 * controller and the scaler can both ask for one at any time.
 */
export interface DeploymentWriter {
  /**
   * Looks at the Deployment itself, not at a cache: to be called before the first write.
   *
   * @throws Problem DeploymentTaken if one of that name exists and is not this pool's.
   */
  readLive(): Promise<Deployment | undefined>;
  /**
   * Applies the Deployment, unless it is as last applied. `observed`: what the API server is known to have now.
   *
   * @throws ApiError if it is refused.
   */
  write(observed: Deployment | undefined): Promise<void>;
  /** Stops a rollout that is under way, and changes nothing else. The next write lets it go on. */
  pause(observed: Deployment | undefined): Promise<void>;
  /** Whether the Deployment controller has yet to look at the newest pod template. */
  isTemplatePending(observed: Deployment | undefined): boolean;
}

/** What was applied last, and what the API server made of it. */
interface Written {
  readonly uid: string | undefined;
  readonly json: string;
  readonly template: string;
  readonly generation: number;
  readonly replicas: number;
}

/** The number that a Deployment has since another than we has changed it. */
function setByOthers(observed: Deployment | undefined, last: Written | undefined): number | undefined {
  if (observed === undefined || last === undefined || observed.metadata.uid !== last.uid) return undefined;
  const { replicas } = observed.spec;
  return (observed.metadata.generation ?? 0) > last.generation && replicas !== last.replicas ? replicas : undefined;
}

/** @param onOthers told before the number that somebody else has set since is set back. */
export function createDeploymentWriter(
  client: KubeClient,
  wanted: () => WantedDeployment,
  onOthers: (found: number, ours: number) => void,
): DeploymentWriter {
  let last: Written | undefined;
  let templateGeneration = 0;
  let queue: Promise<unknown> = Promise.resolve();

  async function writeNow(observed: Deployment | undefined): Promise<void> {
    const { pool, configurationHash, keyring, credentialsGeneration, replicas } = wanted();
    const deployment = poolDeployment(pool, configurationHash, replicas, keyring, credentialsGeneration);
    const json = JSON.stringify(deployment);
    if (last?.json === json && observed !== undefined && (observed.metadata.generation ?? 0) <= last.generation) return;
    const theirs = setByOthers(observed, last);
    if (theirs !== undefined && theirs !== replicas) onOthers(theirs, replicas);
    const applied = await client.apply<Deployment>(deployments, deployment, { fieldManager, force: true });
    const template = JSON.stringify(deployment.spec.template);
    const generation = applied.metadata.generation ?? 0;
    if (template !== last?.template) templateGeneration = generation;
    last = { uid: applied.metadata.uid, json, template, generation, replicas };
  }

  async function pauseNow(observed: Deployment | undefined): Promise<void> {
    if (observed === undefined || observed.spec.paused) return;
    const { name, namespace } = observed.metadata;
    await client.patch(deployments, name, namespace, { spec: { paused: true } }, { fieldManager });
    last = undefined;
  }

  function inTurn(write: () => Promise<void>): Promise<void> {
    const writing = queue.then(write);
    queue = writing.catch(() => {});
    return writing;
  }

  return {
    async readLive() {
      const { pool } = wanted();
      const { name, namespace } = pool.metadata;
      const live = await client.get<Deployment>(deployments, childNames(name).deployment, namespace);
      refuseForeign(live, "Deployment", pool);
      return live;
    },
    write: (observed) => inTurn(() => writeNow(observed)),
    pause: (observed) => inTurn(() => pauseNow(observed)),
    isTemplatePending: (observed) => (observed?.status?.observedGeneration ?? 0) < templateGeneration,
  };
}
