import { BatchFailed } from "../errors.ts";

/**
 * Enqueues inputs as they come, at most `window` at a time: of a long source only the ids are kept in memory.
 *
 * @returns the ids in the order of the inputs.
 * @throws BatchFailed after the first failure, when what was on its way is settled. A source that waits is not interrupted:
 * the failure is told once it gives its next input, or ends.
 */
export async function enqueueMany<Input>(
  inputs: Iterable<Input> | AsyncIterable<Input>,
  enqueue: (input: Input) => Promise<string>,
  window: number,
): Promise<string[]> {
  const ids: (string | undefined)[] = [];
  const failures: { index: number; error: unknown }[] = [];
  let underWay = 0;
  let wake = () => {};

  async function start(index: number, input: Input): Promise<void> {
    underWay += 1;
    try {
      ids[index] = await enqueue(input);
    } catch (error) {
      failures.push({ index, error });
    } finally {
      underWay -= 1;
      wake();
    }
  }

  async function untilUnderWay(atMost: number): Promise<void> {
    while (underWay > atMost) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  try {
    for await (const input of inputs) {
      if (failures.length > 0) break;
      ids.push(undefined);
      void start(ids.length - 1, input);
      await untilUnderWay(window - 1);
    }
  } catch (error) {
    // The source itself failed.
    failures.push({ index: ids.length, error });
  }
  await untilUnderWay(0);
  if (failures.length > 0) throw new BatchFailed(ids, failures);
  return ids.filter((id) => id !== undefined);
}
