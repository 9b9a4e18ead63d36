const special: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

export const escaped = (text: string): string => text.replaceAll(/[&<>"]/g, (character) => special[character] ?? "");

interface TextStyle {
  readonly size?: number;
  readonly color?: string;
  readonly anchor?: "start" | "middle" | "end";
  readonly bold?: boolean;
}

export function textAt(
  x: number,
  y: number,
  text: string,
  { size = 12, color = "#24292e", anchor = "start", bold }: TextStyle = {},
): string {
  const weight = bold ? ' font-weight="600"' : "";
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${color}" text-anchor="${anchor}"${weight}>${escaped(text)}</text>`;
}

export function rectangle(x: number, y: number, width: number, height: number, fill: string, more = ""): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="${fill}" ${more}/>`;
}

export const round = (value: number): number => Math.round(value * 10) / 10;

/** As much of a text as fits, by what a character is wide on average. */
export function fitted(text: string, width: number, size = 12): string {
  const characters = Math.floor(width / (size * 0.58));
  return text.length <= characters ? text : `${text.slice(0, Math.max(0, characters - 1))}…`;
}
