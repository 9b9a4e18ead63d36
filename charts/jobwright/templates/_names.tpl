{{- define "jobwright.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "jobwright.serviceAccountName" -}}
{{- if .Values.serviceAccount.name -}}
{{- .Values.serviceAccount.name -}}
{{- else if .Values.serviceAccount.create -}}
{{- include "jobwright.fullname" . -}}
{{- else -}}
{{- fail "serviceAccount.create is false and serviceAccount.name is empty: name an existing service account, or let the chart make one" -}}
{{- end -}}
{{- end -}}

{{- define "jobwright.selectorLabels" -}}
app.kubernetes.io/name: jobwright
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "jobwright.labels" -}}
{{ include "jobwright.selectorLabels" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "jobwright.brokerSecret" -}}
{{- if not .Values.broker.secretName -}}
{{- fail (printf "\n\nbroker.secretName is empty: name a Secret of namespace %s with the address of your RabbitMQ and administrator credentials.\n  From RabbitMQ's cluster operator, copy its <name>-default-user Secret. Or write one:\n\n    kubectl create secret generic rabbitmq --namespace %s \\\n      --from-literal=host=rabbitmq.example --from-literal=port=5672 \\\n      --from-literal=username=admin --from-literal=password=…\n\n  and add: --set broker.secretName=rabbitmq\n" .Release.Namespace .Release.Namespace) -}}
{{- end -}}
{{- .Values.broker.secretName -}}
{{- end -}}

{{- /*
Refuses to be a second operator: two of them would fight over every object, and know nothing of each other's Leases.
Only an install or upgrade sees the cluster; `helm template` finds nothing here.
*/ -}}
{{- define "jobwright.refuseSecond" -}}
{{- range (lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "").items }}
{{- $labels := .metadata.labels | default dict }}
{{- $namespace := index (.metadata.annotations | default dict) "meta.helm.sh/release-namespace" | default $.Release.Namespace }}
{{- $instance := index $labels "app.kubernetes.io/instance" | default "" }}
{{- if eq (index $labels "app.kubernetes.io/name" | default "") "jobwright" }}
{{- if or (ne $instance $.Release.Name) (ne $namespace $.Release.Namespace) }}
{{- fail (printf "\n\nrelease %s of namespace %s is installed already, and one operator works for every namespace: two would fight over every object.\n  Upgrade that one, or: helm uninstall %s --namespace %s\n  If it is gone already: kubectl delete clusterrole %s\n" $instance $namespace $instance $namespace .metadata.name) }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
