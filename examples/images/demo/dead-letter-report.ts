import type { DeadLetter } from "./dead-letters.ts";

/** Lines that show each dead letter: its job, what was expected of it, the error that it carries and its input. */
export function deadLetterReport(letters: readonly DeadLetter[], broken: ReadonlyMap<string, string>): string[] {
  return letters.flatMap(({ id, reason, error, input }) => {
    const expected = broken.get(id);
    return [
      `  ${id}  ${input}`,
      `    ${reason}: ${error.replaceAll(/\s*\n\s*/g, " ")}`,
      ...(expected === undefined ? ["    Nothing was wrong with this one!"] : [`    broken on purpose: ${expected}`]),
    ];
  });
}
