import { isMap, isScalar, type Pair, parseDocument } from "yaml";

interface Value {
  readonly path: string;
  readonly meaning: string;
  readonly fallback: string;
}

/** A page with every value of the chart, from the comments of its values.yaml. @throws Error naming a value that has no comment. */
export function valuesPage(valuesYaml: string): string {
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) throw new Error("values.yaml is no map");
  const rows = contents.items.flatMap((pair) => valuesOf(pair as Pair, ""));
  return [
    "<!-- Generated from charts/jobwright/values.yaml by `npm run chart`. Do not edit. -->",
    "# The chart's values",
    "",
    "What `helm install` can be told with `--set` or `--values`. Any other value is refused, and one of the wrong type as well.",
    "[Installing](../install.md) shows them at work.",
    "",
    "| value | default | meaning |",
    "| --- | --- | --- |",
    ...rows.map(({ path, fallback, meaning }) => `| \`${path}\` | \`${fallback}\` | ${meaning} |`),
    "",
  ].join("\n");
}

/** A value that has a comment of its own, or those within it. */
function valuesOf({ key, value }: Pair, parent: string): Value[] {
  if (!isScalar(key)) throw new Error(`values.yaml: a key within "${parent}" is no word`);
  const path = parent === "" ? String(key.value) : `${parent}.${key.value}`;
  const meaning = described(key.commentBefore ?? undefined);
  if (meaning !== undefined) {
    const plain = (value as { toJSON?: () => unknown } | null)?.toJSON?.();
    return [{ path, meaning, fallback: JSON.stringify(plain) }];
  }
  if (isMap(value) && value.items.length > 0) {
    const [first] = value.items;
    // The parser gives the comment before a map's first key to the map.
    const keyOfFirst = first?.key;
    if (isScalar(keyOfFirst) && value.commentBefore) keyOfFirst.commentBefore ??= value.commentBefore;
    return value.items.flatMap((pair) => valuesOf(pair as Pair, path));
  }
  throw new Error(`values.yaml: "${path}" has no comment that begins with "# -- "`);
}

/** The last paragraph of a comment if it is about one value: it begins with "-- ". */
function described(comment: string | undefined): string | undefined {
  const text = comment?.split("\n\n").at(-1)?.replace(/^ /gm, "");
  const own = text?.slice(text.lastIndexOf("-- "));
  return own?.startsWith("-- ") ? own.slice(3).split("\n").join(" ").replaceAll("|", "\\|") : undefined;
}
