import { type Described, unitOf } from "./described.ts";

/** A part of the page: its heading, what is to be known of all its metrics, and which they are. */
export interface Section {
  readonly heading: string;
  readonly intro: string;
  readonly metrics: readonly Described[];
}

/** docs/metrics.md. */
export function metricsPage(sections: readonly Section[]): string {
  const body = sections.flatMap(({ heading, intro, metrics }) => [
    `## ${heading}`,
    "",
    intro,
    "",
    "| metric | type | labels | unit | meaning |",
    "| --- | --- | --- | --- | --- |",
    ...metrics.map(row),
    "",
  ]);
  return [
    "<!-- Generated from the registries of operator and worker by `npm run metrics`. Do not edit. -->",
    "# Metrics",
    "",
    "Every metric of the operator and of the workers. How to have them scraped, and what to watch: [monitoring](monitoring.md).",
    "",
    ...body,
  ].join("\n");
}

function row(metric: Described): string {
  const labels = metric.labels.map((label) => `\`${label}\``).join(", ");
  return `| \`${metric.name}\` | ${metric.type} | ${labels} | ${unitOf(metric)} | ${cell(metric.help)} |`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;").replaceAll("\n", " ");
}
