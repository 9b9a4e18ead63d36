import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readPages, repositoryRoot } from "./pages.ts";

const pages = new Map(readPages().map(({ path, text }) => [path, text]));

/** A heading's anchor, as forges make it. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");
}

function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => anchor(heading ?? ""));
}

function broken(page: string, link: string): boolean {
  const [file = "", fragment] = link.split("#");
  const target = file === "" ? page : join(dirname(page), file);
  if (!existsSync(join(repositoryRoot, target))) return true;
  const text = pages.get(target);
  return fragment !== undefined && text !== undefined && !anchors(text).includes(fragment);
}

describe("the links of the docs", () => {
  it.each([...pages.keys()])("%s: every one leads somewhere", (page) => {
    const links = [...(pages.get(page) ?? "").matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
      ([, link]) => link ?? "",
    );
    expect(links.filter((link) => broken(page, link))).toEqual([]);
  });
});
