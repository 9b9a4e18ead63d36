import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

// Labels, annotations, finalizers and types of conditions are API as much as fields are.
const source = import.meta.dirname;
const reference = readFileSync(join(source, "../../docs/reference.md"), "utf8");
const code = globSync("**/*.ts", { cwd: source })
  .filter((file) => !file.endsWith(".test.ts"))
  .map((file) => readFileSync(join(source, file), "utf8"));

function found(pattern: RegExp): string[] {
  return [...new Set(code.flatMap((text) => [...text.matchAll(pattern)].map(([, name = ""]) => name)))];
}

/** Names that stand only inside the operator's process or in its own namespace. */
const inside = new Set(["jobwright.dev/operator"]);

describe("docs/reference.md has", () => {
  test.each(
    found(/"((?:[a-z-]+\.)*(?:jobwright\.dev|kubernetes\.io|karpenter\.sh)\/[a-z-]+)"/g).filter(
      (name) => !inside.has(name),
    ),
  )("%s", (name) => expect(reference).toContain(`\`${name}\``));

  test.each(found(/\btype: "([A-Z]\w+)",\s*status:/g))("the condition %s", (type) =>
    expect(reference).toContain(`\`${type}\``),
  );
});
