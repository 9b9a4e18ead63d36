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
