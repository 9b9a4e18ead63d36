import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { readPages } from "./pages.ts";

const pages = new Map(readPages().map(({ path, text }) => [path, text]));

function linkedFrom(page: string): string[] {
  const links = [...(pages.get(page) ?? "").matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)/g)];
  return links.map(([, link = ""]) => join(dirname(page), link)).filter((path) => pages.has(path));
}

it("every page of docs/ can be reached from docs/README.md by its links", () => {
  const reached = new Set<string>();
  const next = ["docs/README.md"];
  for (let page = next.pop(); page !== undefined; page = next.pop()) {
    if (reached.has(page)) continue;
    reached.add(page);
    next.push(...linkedFrom(page));
  }
  const lost = [...pages.keys()].filter((page) => page.startsWith("docs/") && !reached.has(page));
  expect(lost, "link them from docs/README.md, or from a page that it leads to").toEqual([]);
});
