/** Files of one page's examples that see each other, text by name. */
export type ExampleFolder = ReadonlyMap<string, string>;

/**
 * Puts a page's TypeScript blocks together. A block whose first line is `// name.ts`, or that begins with an import,
 * begins a file; any other continues the file above it. A name that comes again begins a new folder, so a page may show
 * two versions of one file.
 */
export function exampleFolders(blocks: readonly string[]): ExampleFolder[] {
  const folders: Map<string, string>[] = [new Map()];
  let current = "";
  for (const [index, block] of blocks.entries()) {
    const name = /^\/\/ (\S+\.ts)$/m.exec(block.split("\n", 1)[0] ?? "")?.[1];
    if (name !== undefined || block.startsWith("import ") || current === "") current = name ?? `block-${index + 1}.ts`;
    else {
      const folder = folders.at(-1);
      folder?.set(current, `${folder.get(current)}\n${block}`);
      continue;
    }
    if (folders.at(-1)?.has(current)) folders.push(new Map());
    folders.at(-1)?.set(current, block);
  }
  return folders;
}
