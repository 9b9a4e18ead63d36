// Writes what follows from the chart: `npm run chart`. The page of its values, and deploy/kustomize for those who have no Helm. With
// --check it writes nothing and fails when what is in the repository is not what the chart says.
import { buildBinary } from "../../test/cluster/binaries.ts";
import { keepGenerated } from "../generated-files.ts";
import { generated } from "./generated.ts";

await buildBinary("helm");
keepGenerated(await generated(), {
  ...{ source: "charts/jobwright says", command: "chart", upToDate: "What follows from the chart is" },
});
