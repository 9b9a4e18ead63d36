// A producer of the crash test. It may be killed at any moment; its next life goes on where the journal ends.
import { setTimeout as sleep } from "node:timers/promises";
import { createProducer } from "@jobwright/worker-runtime";
import { openJournal, readJournals } from "./journal.ts";
import { drawPlan, plan } from "./plan.ts";
import { seededRandom } from "./random.ts";
import { fromEnvironment, queue } from "./settings.ts";

const { folder, brokerUrl, seed, quota, seconds, producer: index } = fromEnvironment(process.env);
const work = { name: "work", input: plan } as const;
const maxInFlight = 200;
/** Pace: what is missing to the quota's share of the time gone by, since the first life. */
const tickMs = 20;

const name = `producer-${index}`;
let next = 0;
let accepted = 0;
let beganMs = Date.now();
for (const { fields } of readJournals(folder, `${name}-`)) {
  const [what, ms] = fields;
  if (what === "sent") next += 1;
  if (what === "accepted") accepted += 1;
  beganMs = Math.min(beganMs, Number(ms));
}

const journal = openJournal(folder, `${name}-${process.pid}`);
const producer = createProducer({ url: brokerUrl, queue });
let inFlight = 0;

async function enqueue(number: number): Promise<void> {
  const id = `${seed}-${index}-${number}`;
  const drawn = drawPlan(seededRandom(seed * 1_000_003 + index * 500_009 + number));
  journal("sent", Date.now(), id, drawn.delaySeconds * 1000);
  try {
    await producer.enqueue(work, drawn.plan, {
      id,
      ...(drawn.delaySeconds === 0 ? {} : { delay: `${drawn.delaySeconds}s` }),
    });
    journal("accepted", Date.now(), id);
    accepted += 1;
  } catch (error) {
    // The broker refused it, so it was not accepted, and another takes its place.
    journal("refused", Date.now(), id, error instanceof Error ? error.name : "");
    await sleep(100);
  }
}

while (accepted < quota) {
  const due = Math.min(quota, Math.ceil((quota * (Date.now() - beganMs)) / (seconds * 1000)));
  while (inFlight < maxInFlight && accepted + inFlight < due) {
    inFlight += 1;
    void enqueue(next).finally(() => {
      inFlight -= 1;
    });
    next += 1;
  }
  await sleep(tickMs);
}
await producer.close();
