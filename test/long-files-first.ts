import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Files that take a minute or more, the longest first. vitest takes a file's size for its time on a fresh checkout. */
const long = [
  "operator/broker-events",
  "broker/limits",
  "convergence/convergence.property",
  "operator/job-queue-adoption",
  "broker/topology",
  "operator/job-queue-deletion",
  "operator/worker-pool-safety",
  "bench/queues",
  "operator/deletion-matrix",
  "operator/several-brokers",
  "operator/producers",
].map((name) => `test/integration/${name}.test.ts`);

/** Begins with the long files, so that none of them is left to run alone at the end while other cores are idle. */
export class LongFilesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const index = long.findIndex((name) => moduleId.endsWith(name));
      return index === -1 ? long.length : index;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}
