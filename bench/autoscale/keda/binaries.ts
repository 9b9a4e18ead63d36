import { join } from "node:path";
import { buildPrograms, builtProgram, type GoBuild, versionOf } from "../../../test/cluster/go-build.ts";

const keda: GoBuild = {
  name: "keda",
  source: join(import.meta.dirname, "go"),
  module: "github.com/kedacore/keda/v2",
  programs: {
    "keda-operator": "github.com/kedacore/keda/v2/cmd/operator",
    "keda-adapter": "github.com/kedacore/keda/v2/cmd/adapter",
  },
  ldflags: (version) => `-X github.com/kedacore/keda/v2/version.Version=${version.slice(1)}`,
  expectation: "about 7 minutes on two cores, once",
};

export const kedaVersion = versionOf(keda);

/** Builds KEDA, unless that was done before. */
export const buildKeda = () => buildPrograms(keda);

export const kedaProgram = (name: "keda-operator" | "keda-adapter") => builtProgram(keda, name);
