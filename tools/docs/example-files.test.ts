import { describe, expect, it } from "vitest";
import { exampleFolders } from "./example-files.ts";
import { blocks } from "./pages.ts";

describe("exampleFolders", () => {
  it("begins a file at a name or an import, and continues it with any other block", () => {
    const [folder] = exampleFolders(["// jobs.ts\na", 'import x from "y";\nb', "c"]);
    expect(folder).toEqual(
      new Map([
        ["jobs.ts", "// jobs.ts\na"],
        ["block-2.ts", 'import x from "y";\nb\nc'],
      ]),
    );
  });

  it("begins a new folder when a name comes again", () => {
    expect(exampleFolders(["// a.ts\n1", "// a.ts\n2", "// b.ts\n3"]).map((folder) => [...folder.keys()])).toEqual([
      ["a.ts"],
      ["a.ts", "b.ts"],
    ]);
  });

  it("takes hidden blocks in the order of the page, and no other language", () => {
    const page = "```ts\na\n```\n\n<!-- ts\nb\n-->\n\n```sh\nc\n```\n";
    expect(blocks(page, "ts")).toEqual(["a\n", "b\n"]);
  });
});
