// What tests import: facts about the cluster that runs. Starting it is `npm run cluster -- up`.
export type { Cluster } from "./cluster.ts";
export { readCluster } from "./cluster.ts";
export { clusterEnvironment } from "./environment.ts";
export type { BuiltImage, ImageBuild } from "./image-build.ts";
export { buildImage } from "./image-build.ts";
