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
