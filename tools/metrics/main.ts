// Writes docs/metrics.md from the registries of operator and worker: `npm run metrics`. With --check it writes nothing and
// fails when the page is not what they say.
import { join } from "node:path";
import { keepGenerated, root } from "../generated-files.ts";
import { metricsPage } from "./page.ts";
import { sections } from "./sections.ts";

keepGenerated(new Map([[join(root, "docs/metrics.md"), metricsPage(await sections())]]), {
  ...{ source: "the registries say", command: "metrics", upToDate: "docs/metrics.md is" },
});
