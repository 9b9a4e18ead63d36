import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { unobserved } from "./api/conditions.ts";

// Reasons are API: users' programs compare them. Each one that the code can put into a condition or a decision is
// documented for the user who meets it.
const source = import.meta.dirname;
const docs = ["jobqueue/conditions.md", "autoscaling.md", "workerpool.md"]
  .map((file) => readFileSync(join(source, "../../docs", file), "utf8"))
  .join();

const patterns = [
  /new Problem\(\s*"(?:Stalled|Reconciling)",\s*"(\w+)"/g,
  /readonly reason(?:: [^=;]+)? = "(\w+)"/g,
  /\breason: "([A-Z]\w+)"/g,
];

function reasonsIn(folder: string): string[] {
  const files = globSync(`${folder}/*.ts`, { cwd: source }).filter((file) => !file.endsWith(".test.ts"));
  const texts = files.map((file) => readFileSync(join(source, file), "utf8"));
  return texts.flatMap((text) =>
    patterns.flatMap((pattern) => [...text.matchAll(pattern)].map(([, reason = ""]) => reason)),
  );
}

// Not readiness: what the condition BrokerReachable, PolicyOverridden or Paused itself says.
const ofOtherConditions = new Set(["Reached", "OtherPolicyApplies", "PausedBySpec"]);

test.each(["jobqueue", "workerpool", "broker"])("every reason in %s/ is in the docs", (folder) => {
  const reasons = new Set(reasonsIn(folder).filter((reason) => !ofOtherConditions.has(reason)));
  expect(reasons.size).toBeGreaterThan(2);
  for (const reason of reasons) expect(docs, reason).toContain(`\`${reason}\``);
});

test("what is said before an operator has looked is in the docs", () => {
  for (const { reason } of unobserved.conditions) expect(docs, reason).toContain(`\`${reason}\``);
});

test("every reason of a scaling decision is in the docs", () => {
  const read = (file: string) => readFileSync(join(source, "autoscaling", file), "utf8");
  const [, own = ""] = read("explain.ts").match(/export type Reason =([^;]+);/) ?? [];
  const [, limits = ""] = read("growth-limit.ts").match(/export type LimitReason =([^;]+);/) ?? [];
  expect(limits).toContain("Saturated");
  const union = own + limits;
  const reasons = [...union.matchAll(/"(\w+)"/g)].map(([, reason = ""]) => reason);
  expect(reasons.length).toBeGreaterThan(5);
  for (const reason of reasons) expect(docs, reason).toContain(`\`${reason}\``);
});

test("every Event is in the docs", () => {
  const files = globSync("**/*.ts", { cwd: source }).filter((file) => !file.endsWith(".test.ts"));
  const texts = files.map((file) => readFileSync(join(source, file), "utf8"));
  const events = texts.flatMap((text) =>
    [...text.matchAll(/"(?:Normal|Warning)",\s*"([A-Z]\w+)"/g)].map(([, name = ""]) => name),
  );
  expect(events.length).toBeGreaterThan(8);
  for (const event of events) expect(docs, event).toContain(`\`${event}\``);
});
