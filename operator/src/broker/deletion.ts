import { queueNames } from "@jobwright/worker-runtime/contract";
import type { Broker } from "./broker.ts";
import { segment } from "./management.ts";
import { policyName } from "./topology.ts";

/**
 * Takes a JobQueue's exchanges, queues with all that is in them, and policies off the broker; what is gone already is
 * no error. The vhost's shared fabric stays. Jobs still delayed there are parked when they come due, and come back if
 * a JobQueue of that name does.
 */
export async function deleteTopology(broker: Broker, name: string): Promise<void> {
  const { exchange, queue, deadLetterExchange, deadLetterQueue } = queueNames(name);
  const at = segment(broker.address.vhost);
  const { management } = broker;
  try {
    // Producers are told first, workers next; a policy goes after its queue, which must never be without it.
    await management.remove(`exchanges/${at}/${segment(exchange)}`);
    await management.remove(`queues/${at}/${segment(queue)}`);
    await management.remove(`exchanges/${at}/${segment(deadLetterExchange)}`);
    await management.remove(`queues/${at}/${segment(deadLetterQueue)}`);
    await management.remove(`policies/${at}/${segment(policyName(queue))}`);
    await management.remove(`policies/${at}/${segment(policyName(deadLetterQueue))}`);
  } finally {
    broker.forgetObservation();
  }
}

/**
 * Lets no new jobs in, and those that are there or delayed go on: takes away the work queue's binding to its exchange,
 * so producers are told that their messages are unroutable. {@link ensureTopology} would bind it again.
 */
export async function closeIntake(broker: Broker, name: string): Promise<void> {
  const { exchange, queue } = queueNames(name);
  const at = segment(broker.address.vhost);
  try {
    // A binding's last path segment is its routing key with arguments, as the broker writes it.
    await broker.management.remove(`bindings/${at}/e/${segment(exchange)}/q/${segment(queue)}/${segment("#")}`);
  } finally {
    broker.forgetObservation();
  }
}
