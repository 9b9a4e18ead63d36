{{- /*
Refuses to be a second operator for the same objects: two would fight over every one, and know nothing of each other's Leases.
What an operator works for is told by the roles that it has. Only an install or upgrade sees the cluster; `helm template` finds
nothing here. Who may install into some namespaces only cannot be asked to list more: then a release for all namespaces goes
unseen.
*/ -}}
{{- define "jobwright.refuseSecond" -}}
{{- $roles := list -}}
{{- if or .Values.crds.enabled (not .Values.watchNamespaces) -}}
{{- $roles = concat $roles ((lookup "rbac.authorization.k8s.io/v1" "ClusterRole" "" "").items | default list) -}}
{{- end -}}
{{- range .Values.watchNamespaces | default (list "") | concat (list .Release.Namespace) | uniq -}}
{{- $roles = concat $roles ((lookup "rbac.authorization.k8s.io/v1" "Role" . "").items | default list) -}}
{{- end -}}
{{- range $roles -}}
{{- $labels := .metadata.labels | default dict -}}
{{- $namespace := index (.metadata.annotations | default dict) "meta.helm.sh/release-namespace" | default $.Release.Namespace -}}
{{- $instance := index $labels "app.kubernetes.io/instance" | default "" -}}
{{- $others := or (ne $instance $.Release.Name) (ne $namespace $.Release.Namespace) -}}
{{- if and $others (eq (index $labels "app.kubernetes.io/name" | default "") "jobwright") -}}
{{- $in := .metadata.namespace | default "" -}}
{{- $release := printf "release %s of namespace %s" $instance $namespace -}}
{{- $cure := printf "Upgrade that one, or: helm uninstall %s --namespace %s" $instance $namespace -}}
{{- if not $in -}}
{{- fail (printf "\n\n%s is installed already, and works for every namespace: two operators would fight over every object.\n  %s\n  If it is gone already: kubectl delete clusterrole %s\n" $release $cure .metadata.name) -}}
{{- else if hasSuffix "-watched" .metadata.name -}}
{{- fail (printf "\n\n%s is installed already, and works for namespace %s: two operators would fight over every object there.\n  Leave %s out of one release's watchNamespaces. %s\n  If it is gone already: kubectl delete role %s --namespace %s\n" $release $in $in $cure .metadata.name $in) -}}
{{- else if eq $in $.Release.Namespace -}}
{{- fail (printf "\n\n%s is installed already: each release needs a namespace of its own, where its Lease is.\n  Install this one into another namespace. %s\n  If it is gone already: kubectl delete role %s --namespace %s\n" $release $cure .metadata.name $in) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
