/** Runs at most so many tasks at once; the others wait in line. */
export interface Slots {
  run(task: () => Promise<void>): void;
}

export function createSlots(size: number): Slots {
  const line: (() => Promise<void>)[] = [];
  let next = 0;
  let free = size;

  async function work(first: () => Promise<void>): Promise<void> {
    for (let task: (() => Promise<void>) | undefined = first; task !== undefined; task = take()) await task();
    free += 1;
  }

  // An index instead of shift(), which is slow on long arrays.
  function take(): (() => Promise<void>) | undefined {
    const task = line[next];
    if (task === undefined) return undefined;
    next += 1;
    if (next === line.length) {
      line.length = 0;
      next = 0;
    }
    return task;
  }

  return {
    run(task) {
      if (free === 0) {
        line.push(task);
        return;
      }
      free -= 1;
      void work(task);
    },
  };
}
