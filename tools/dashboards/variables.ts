import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";

/** Whichever Prometheus is chosen at the top of the dashboard. */
export const datasource = { type: "prometheus", uid: "${datasource}" };

export function datasourceVariable() {
  return new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus");
}

/** Of a label in some series; which are there is looked up each time that the stretch of time changes. */
export function labelVariable(name: string, label: string, selector: string) {
  const expression = `label_values(${selector}, ${label})`;
  return new QueryVariableBuilder(name)
    .label(name)
    .datasource(datasource)
    .query({ qryType: 1, query: expression, refId: `variable-${name}` })
    .definition(expression)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

/** Like {@link labelVariable}, but any number of values at once, and all of them to begin with. */
export function labelsVariable(name: string, label: string, selector: string, { hidden = false } = {}) {
  return labelVariable(name, label, selector)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ["All"], value: ["$__all"] })
    .hide(hidden ? VariableHide.HideVariable : VariableHide.DontHide);
}
