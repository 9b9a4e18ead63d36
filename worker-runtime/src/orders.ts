import type { Intake } from "./consume/intake.ts";

/** Why a worker takes no jobs. Each is said and taken back by itself, and one is enough. */
export interface Orders {
  readonly cordoned: boolean;
  /** Its queue is paused. */
  readonly paused: boolean;
  readonly stopping: boolean;
}

/** Keeps what a worker was told, and its intake to it. */
export interface OrderBook {
  readonly now: Orders;
  /** No delivery is on its way or waits: it takes none, and the broker has said so. */
  readonly quiet: boolean;
  /** Begins to take jobs, or not. */
  begin(): void;
  /**
   * Follows an order, or takes it back. Resolves when the intake follows: where it takes no jobs, once it is quiet or
   * takes them again.
   */
  give(order: keyof Orders, value: boolean): Promise<void>;
}

/** @param paused whether the queue is paused at the start. */
export function createOrders(intake: Pick<Intake, "resume" | "pause">, paused: boolean): OrderBook {
  let now: Orders = { cordoned: false, paused, stopping: false };
  let quiet = false;
  let turn = 0;

  const mayTake = () => !Object.values(now).includes(true);

  async function follow(): Promise<void> {
    turn += 1;
    const mine = turn;
    quiet = false;
    if (mayTake()) return intake.resume();
    await intake.pause();
    // It may have been told to take jobs meanwhile, and even to stop again.
    if (mine === turn) quiet = true;
  }

  return {
    get now() {
      return now;
    },
    get quiet() {
      return quiet;
    },
    begin() {
      void follow();
    },
    give(order, value) {
      const tookBefore = mayTake();
      now = { ...now, [order]: value };
      // A quiet intake stays so: what was pending when it was paused has been seen to.
      return tookBefore || mayTake() || !quiet ? follow() : Promise.resolve();
    },
  };
}
