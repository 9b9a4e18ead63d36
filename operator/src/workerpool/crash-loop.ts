/** A run of a container that is over. Times are RFC 3339; null, or a start in 1970, where the container never ran. */
interface EndedRun {
  exitCode: number;
  reason?: string;
  message?: string;
  startedAt?: string | null;
  finishedAt?: string | null;
}

interface ContainerState {
  waiting?: { reason?: string; message?: string };
  running?: { startedAt?: string };
  terminated?: EndedRun;
}

export interface ContainerStatus {
  name: string;
  /** Runs before this one. */
  restartCount?: number;
  state?: ContainerState;
  lastState?: ContainerState;
}

export interface CrashLoop {
  readonly message: string;
  /** When the run of now will have lasted for long enough, ms; infinite while there is none. */
  readonly endsAtMs: number;
}

/** A kubelet that has seen a container run for so long restarts it at once after the next crash. */
const forgivenAfterMs = 600_000;

/** A run is over the loop when it is clearly longer than the one before: so much longer, and so long at least. */
const outlives = { times: 2, leastMs: 20_000 };

/** What a kubelet says between two runs. The second where it could not even begin one. */
const betweenRuns: readonly unknown[] = ["CrashLoopBackOff", "RunContainerError"];

/**
 * Whether a container crashes again and again. The kubelet says so only while it waits before the next run; in between, all
 * seems well for some seconds. Its times are compared with each other, and the end of the loop with the reader's clock.
 */
export function crashLoop({ state = {}, lastState, restartCount = 0 }: ContainerStatus): CrashLoop | undefined {
  const last = state.terminated ?? lastState?.terminated;
  const { reason, message = "CrashLoopBackOff" } = state.waiting ?? {};
  if (last === undefined) {
    return reason === "CrashLoopBackOff" ? { message, endsAtMs: Number.POSITIVE_INFINITY } : undefined;
  }
  const lastedMs = runMs(last);
  // After a first crash it restarts at once.
  const crashes = state.running ? restartCount : restartCount + 1;
  if (crashes < 2 || (lastedMs ?? 0) >= forgivenAfterMs) return undefined;
  const told = howItEnded(last, restartCount, lastedMs);
  if (state.running === undefined) {
    const isBetween = state.terminated !== undefined || betweenRuns.includes(reason);
    return isBetween ? { message: told, endsAtMs: Number.POSITIVE_INFINITY } : undefined;
  }
  const forMs = Math.min(forgivenAfterMs, Math.max(outlives.leastMs, outlives.times * (lastedMs ?? 0)));
  return { message: told, endsAtMs: (Date.parse(state.running.startedAt ?? "") || 0) + forMs };
}

/** Undefined where it never ran, or the kubelet does not know. */
function runMs({ startedAt, finishedAt }: EndedRun): number | undefined {
  const [fromMs, toMs] = [Date.parse(startedAt ?? ""), Date.parse(finishedAt ?? "")];
  return fromMs > 0 && toMs >= fromMs ? toMs - fromMs : undefined;
}

function howItEnded({ exitCode, reason, message }: EndedRun, restarts: number, ranMs: number | undefined): string {
  const times = restarts === 1 ? "once" : restarts === 2 ? "twice" : `${restarts} times`;
  const after = ranMs === undefined ? "" : ` after ${Math.round(ranMs / 1000)} s`;
  // The runtime's words are told; those that the container may have left are for who may read pods.
  const why = reason === "StartError" && message !== undefined ? `${reason}: ${message}` : reason;
  const because = why === undefined || why === "Error" ? "" : ` (${why})`;
  return `restarted ${times}; ended last${after} with exit code ${exitCode}${because}`;
}
