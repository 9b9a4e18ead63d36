/** A job to publish. */
export interface Input {
  input: unknown;
  /** Why it is expected in the dead-letter queue; undefined where it should succeed. */
  broken?: string;
}

const photos = [
  "airplane-from-above",
  "allium-oreophilum",
  "french-alpine-landscape",
  "locomotion-house-cat",
  "nagasaki-boats",
];
const widths = [160, 320, 480, 640, 800, 1024];
const filters = ["none", "grayscale", "blur", "sharpen", "sepia"];

const broken: Input[] = [
  { input: { photo: "nagasaki-boats", width: "wide" }, broken: "its width is not a number" },
  { input: { photo: "nagasaki-boats", width: 320, filter: "vivid" }, broken: "there is no such filter" },
  { input: { photo: "loch-ness-monster", width: 320 }, broken: "there is no such photograph" },
  { input: { photo: "yeti", width: 640, filter: "sepia" }, broken: "there is no such photograph" },
  { input: { photo: "damaged", width: 320 }, broken: "the photograph is cut short" },
  { input: { photo: "damaged", width: 640, filter: "blur" }, broken: "the photograph is cut short" },
];

/** `count` jobs, six of them broken and spread among the others. Each whole set of photographs × widths × filters differs. */
export function inputs(count: number): Input[] {
  const every = Math.floor(count / broken.length);
  let turn = 0;
  return Array.from({ length: count }, (_, index): Input => {
    const spoilt = index % every === every - 1 ? broken[Math.floor(index / every)] : undefined;
    if (spoilt) return spoilt;
    const photo = photos[turn % photos.length];
    const width = widths[Math.floor(turn / photos.length) % widths.length];
    const filter = filters[Math.floor(turn / photos.length / widths.length) % filters.length];
    turn++;
    return { input: { photo, width, filter } };
  });
}
