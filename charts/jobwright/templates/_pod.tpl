{{- /* What the operator's pods and the one of `helm test` have in common: who they are, what they may do and where they run. */ -}}
{{- define "jobwright.pod" -}}
serviceAccountName: {{ include "jobwright.serviceAccountName" . | quote }}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
securityContext: {{- toYaml .Values.podSecurityContext | nindent 2 }}
{{- with .Values.extraVolumes }}
volumes: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- /* The same of their containers. The operator is told its settings by its environment. */ -}}
{{- define "jobwright.container" -}}
image: {{ include "jobwright.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - name: POD_NAME
    valueFrom:
      fieldRef:
        fieldPath: metadata.name
  - name: POD_NAMESPACE
    valueFrom:
      fieldRef:
        fieldPath: metadata.namespace
  - name: JOBWRIGHT_DEFAULT_BROKER_SECRET
    value: {{ .Values.broker.secretName | quote }}
  - name: JOBWRIGHT_ALLOWED_VHOSTS
    value: {{ join "," .Values.broker.allowedVhosts | quote }}
  - name: JOBWRIGHT_WATCH_NAMESPACES
    value: {{ join "," .Values.watchNamespaces | quote }}
  - name: JOBWRIGHT_LEADER_ELECT
    value: {{ include "jobwright.elects" . | quote }}
  - name: JOBWRIGHT_LOG_LEVEL
    value: {{ .Values.logLevel | quote }}
  - name: JOBWRIGHT_LOG_FORMAT
    value: {{ .Values.logFormat | quote }}
  - name: JOBWRIGHT_RESYNC
    value: {{ .Values.resync | quote }}
  - name: JOBWRIGHT_PORT
    value: "8080"
  {{- with .Values.extraEnv }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
resources: {{- toYaml .Values.resources | nindent 2 }}
securityContext: {{- toYaml .Values.securityContext | nindent 2 }}
{{- with .Values.extraVolumeMounts }}
volumeMounts: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
