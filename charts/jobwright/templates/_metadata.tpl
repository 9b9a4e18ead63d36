{{- /* A Deployment's selector can never be changed: upgrades need it to stay so. */ -}}
{{- define "jobwright.selectorLabels" -}}
app.kubernetes.io/name: jobwright
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end -}}

{{- /* Selects the operator's pods and nothing else of the release. */ -}}
{{- define "jobwright.operatorPods" -}}
{{ include "jobwright.selectorLabels" . }}
app.kubernetes.io/component: operator
{{- end -}}

{{- /* Labels of every object; the chart's own go before commonLabels. */ -}}
{{- define "jobwright.labels" -}}
{{- $own := include "jobwright.operatorPods" . | fromYaml -}}
{{- $_ := set $own "app.kubernetes.io/version" .Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" .Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- merge $own .Values.commonLabels | toYaml -}}
{{- end -}}

{{- /*
Labels and annotations of an object. Takes a dict: `root`, the chart's context; `labels` and `annotations`, the object's own
beside those that all have; `component`, what it is, for pods that are not the operator's.
*/ -}}
{{- define "jobwright.metadata" -}}
{{- $component := dict -}}
{{- with .component }}{{ $component = dict "app.kubernetes.io/component" . }}{{ end -}}
labels: {{- merge $component (include "jobwright.labels" .root | fromYaml) (.labels | default dict) | toYaml | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
