/** Grafana's names of colours, in its light theme. */
const named: Readonly<Record<string, string>> = {
  green: "#56a64b",
  yellow: "#e0b400",
  red: "#e02f44",
  blue: "#3274d9",
  orange: "#ff780a",
  purple: "#a352cc",
  text: "#24292e",
  transparent: "transparent",
};

/** For series without a colour of their own, in turn. */
const palette = [
  "#56a64b",
  "#e0b400",
  "#3274d9",
  "#ff780a",
  "#e02f44",
  "#a352cc",
  "#37a2b8",
  "#8f3bb8",
  "#806eb7",
  "#6e7b8b",
];

export const colorNamed = (name: string): string => named[name] ?? name;
export const colorAt = (index: number): string => palette[index % palette.length] ?? "#000";

/** Colour of a value: that of the greatest threshold that it reaches. */
export function colorOf(value: number, steps: readonly { value: number | null; color: string }[] = []): string {
  const reached = steps.filter((step) => step.value === null || value >= step.value);
  return colorNamed(reached.at(-1)?.color ?? "text");
}
