import type { Sharp } from "sharp";

/** What can be done to a photograph, besides making it smaller. */
export const filters = {
  none: (image) => image,
  grayscale: (image) => image.grayscale(),
  blur: (image) => image.blur(4),
  sharpen: (image) => image.sharpen({ sigma: 2 }),
  sepia: (image) =>
    image.recomb([
      [0.393, 0.769, 0.189],
      [0.349, 0.686, 0.168],
      [0.272, 0.534, 0.131],
    ]),
} satisfies Record<string, (image: Sharp) => Sharp>;

export type Filter = keyof typeof filters;

export const filterNames = Object.keys(filters) as [Filter, ...Filter[]];
