import type { Row } from "./report.ts";

/** One small picture per trace: each subject a point, its wait against what it cost. Down and to the left is better. */

const panel = { width: 300, height: 220, left: 48, right: 14, top: 30, bottom: 38 };
const perLine = 3;

/** Colours that differ for the colour-blind, too (Okabe and Ito). */
const colours: Record<string, string> = {
  jobwright: "#d55e00",
  "keda-default": "#0072b2",
  "keda-tuned": "#56b4e9",
  "fixed-max": "#999999",
  oracle: "#009e73",
};

/** An SVG of the 95th percentile of the waits against pod-seconds, both on logarithmic scales, a panel for each trace. */
export function plotOf(rows: readonly Row[]): string {
  const panels = [...Map.groupBy(rows, ({ trace }) => trace)];
  const width = perLine * panel.width;
  const height = Math.ceil(panels.length / perLine) * panel.height + 30;
  const drawn = panels.map(([trace, points], index) => {
    const x = (index % perLine) * panel.width;
    const y = 30 + Math.floor(index / perLine) * panel.height;
    return `<g transform="translate(${x} ${y})">${panelOf(trace, points)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11">`,
    "<title>The 95th percentile of the waits against pod-seconds, a panel for each trace</title>",
    `<rect width="${width}" height="${height}" fill="white"/>`,
    legend(),
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

function legend(): string {
  return Object.entries(colours)
    .map(([name, colour], index) => {
      const x = 20 + index * 130;
      return `<circle cx="${x}" cy="16" r="5" fill="${colour}"/><text x="${x + 10}" y="20">${name}</text>`;
    })
    .join("");
}

function panelOf(trace: string, points: readonly Row[]): string {
  const across = scale(
    points.map(({ podSeconds }) => podSeconds),
    panel.left,
    panel.width - panel.right,
  );
  const up = scale(points.map(waitSeconds), panel.height - panel.bottom, panel.top);
  const axis = `M${panel.left} ${panel.top}V${panel.height - panel.bottom}H${panel.width - panel.right}`;
  const bottom = panel.height - panel.bottom;
  const marks = [
    ...across.marks.map(
      (value) => `<text x="${across.at(value)}" y="${bottom + 14}" text-anchor="middle">${value}</text>`,
    ),
    ...up.marks.map((value) => `<text x="${panel.left - 5}" y="${up.at(value) + 4}" text-anchor="end">${value}</text>`),
  ];
  const dots = points.map((row) => dot(row, across.at(row.podSeconds), up.at(waitSeconds(row))));
  return [
    `<text x="${panel.left}" y="16" font-weight="bold">${trace}</text>`,
    `<path d="${axis}" fill="none" stroke="#666"/>`,
    ...marks,
    `<text x="${panel.width / 2}" y="${panel.height - 8}" text-anchor="middle" fill="#666">pod-seconds</text>`,
    `<text x="12" y="${panel.height / 2}" transform="rotate(-90 12 ${panel.height / 2})" text-anchor="middle" fill="#666">p95 wait, s</text>`,
    ...dots,
  ].join("");
}

function dot({ subject }: Row, x: number, y: number): string {
  const [, kind = subject, queueLength] = /^(keda-tuned)-(\d+)$/.exec(subject) ?? [];
  const label = queueLength === undefined ? "" : `<text x="${x + 6}" y="${y - 4}" font-size="9">${queueLength}</text>`;
  return `<circle cx="${x}" cy="${y}" r="5" fill="${colours[kind] ?? "black"}" fill-opacity="0.85"/>${label}`;
}

/** A wait of less than 0.1 s is as good as none. */
function waitSeconds({ waitP95Ms }: Row): number {
  return Math.max(0.1, waitP95Ms / 1000);
}

/** A logarithmic scale over these values, with marks at 1, 2 and 5 of each power of ten. */
function scale(values: readonly number[], from: number, to: number) {
  const [least, most] = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const at = (value: number) =>
    Math.round((from + ((to - from) * Math.log(value / least)) / Math.log(most / least)) * 10) / 10;
  const powers = Array.from({ length: 9 }, (_, index) => 10 ** (index - 2));
  const marks = powers.flatMap((power) => [1, 2, 5].map((one) => Number((one * power).toPrecision(1))));
  return { at, marks: marks.filter((value) => value >= least && value <= most) };
}
