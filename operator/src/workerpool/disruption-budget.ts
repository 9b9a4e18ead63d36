import { type WorkerPool, workerPools } from "../api/objects.ts";
import { podDisruptionBudgets } from "../kinds.ts";
import { type KubeClient, type KubeObject, ownerReference } from "../kube/index.ts";
import { fieldManager, managedBy } from "../ownership.ts";
import { poolLabels, poolSelector } from "./deployment.ts";
import { childNames } from "./names.ts";

interface Requirement {
  readonly key: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

/** A PodDisruptionBudget, as far as the operator reads one. */
export interface DisruptionBudget extends KubeObject {
  spec?: {
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: readonly Requirement[] };
    maxUnavailable?: number | string;
    unhealthyPodEvictionPolicy?: string;
  };
}

/**
 * Whoever drains a node takes a quarter of a pool's workers at a time at most, as a rollout does, and at least one: each
 * finishes what it runs within its grace period, and `kubectl drain` waits for it. One that is not ready (drained, or it
 * cannot start) has no work, and may always go.
 */
export function poolDisruptionBudget(pool: WorkerPool): DisruptionBudget & { spec: object } {
  const { name, namespace } = pool.metadata;
  return {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: {
      name: childNames(name).disruptionBudget,
      namespace,
      labels: managedBy,
      ownerReferences: [ownerReference(pool, { controller: true, blockOwnerDeletion: true })],
    },
    spec: {
      selector: { matchLabels: poolSelector(name) },
      maxUnavailable: "25%",
      unhealthyPodEvictionPolicy: "AlwaysAllow",
    },
  };
}

/**
 * What is to be done about the pool's budget. A pod under two budgets cannot be evicted at all, so where somebody else's
 * covers the workers, or has the name, the pool has none of its own.
 */
export function planDisruptionBudget(
  pool: WorkerPool,
  budgets: readonly DisruptionBudget[],
): "Apply" | "Delete" | "Nothing" {
  const isOwn = ({ metadata }: DisruptionBudget) =>
    metadata.ownerReferences?.some(({ uid }) => uid === pool.metadata.uid) ?? false;
  const wanted = poolDisruptionBudget(pool);
  const labels = poolLabels(pool);
  const own = budgets.find(isOwn);
  const others = budgets.filter((budget) => !isOwn(budget));
  if (others.some((other) => other.metadata.name === wanted.metadata.name || covers(other, labels))) {
    return own === undefined ? "Nothing" : "Delete";
  }
  return own === undefined || !isAsWanted(own, wanted) ? "Apply" : "Nothing";
}

/** Whether it is some pool's own: that concerns no other pool. */
export function isOfPool({ metadata }: DisruptionBudget): boolean {
  return metadata.ownerReferences?.some(({ kind }) => kind === workerPools.kind) ?? false;
}

/** Which pools a budget may matter to, as it is indexed: those of a pool to the pool of its name, others to all of the namespace. */
export function concernOf(budget: DisruptionBudget): string[] {
  const { namespace = "", name } = budget.metadata;
  return [isOfPool(budget) ? `${namespace}/${name}` : namespace];
}

/** The budgets that {@link planDisruptionBudget} has to know of, without a look at those of all other pools. */
export function budgetsFor(
  { metadata: { namespace, name } }: WorkerPool,
  budgets: { indexed(concern: string): DisruptionBudget[] },
): DisruptionBudget[] {
  return [`${namespace}/${childNames(name).disruptionBudget}`, namespace].flatMap(budgets.indexed);
}

export async function keepDisruptionBudget(
  client: KubeClient,
  pool: WorkerPool,
  budgets: readonly DisruptionBudget[],
): Promise<void> {
  const plan = planDisruptionBudget(pool, budgets);
  const wanted = poolDisruptionBudget(pool);
  if (plan === "Apply") await client.apply(podDisruptionBudgets, wanted, { fieldManager, force: true });
  if (plan === "Delete") await client.delete(podDisruptionBudgets, wanted.metadata.name, pool.metadata.namespace);
}

function isAsWanted({ spec }: DisruptionBudget, { spec: wanted }: DisruptionBudget): boolean {
  return (
    spec?.maxUnavailable === wanted?.maxUnavailable &&
    spec?.unhealthyPodEvictionPolicy === wanted?.unhealthyPodEvictionPolicy &&
    JSON.stringify(spec?.selector) === JSON.stringify(wanted?.selector)
  );
}

/** An empty selector covers all pods of the namespace, and a missing one none. */
function covers({ spec }: DisruptionBudget, labels: Readonly<Record<string, string>>): boolean {
  if (spec?.selector === undefined) return false;
  const { matchLabels = {}, matchExpressions = [] } = spec.selector;
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => satisfies(labels, requirement))
  );
}

function satisfies(labels: Readonly<Record<string, string>>, { key, operator, values = [] }: Requirement): boolean {
  const value = labels[key];
  if (operator === "Exists") return value !== undefined;
  if (operator === "DoesNotExist") return value === undefined;
  const isIn = value !== undefined && values.includes(value);
  return operator === "In" ? isIn : !isIn;
}
