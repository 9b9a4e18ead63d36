{{- /* What the operator may do where queues and pools are. */ -}}
{{- define "jobwright.rules" -}}
- apiGroups: [jobwright.dev]
  resources: [jobqueues, workerpools]
  verbs: [get, list, watch, patch]
- apiGroups: [jobwright.dev]
  resources: [jobqueues/status, workerpools/status]
  verbs: [patch]
# Being the owner that blocks its owner's deletion takes this where the API server enforces it.
- apiGroups: [jobwright.dev]
  resources: [jobqueues/finalizers, workerpools/finalizers]
  verbs: [update]
# Reads the Secrets that JobQueues name (of all others it watches the metadata alone, to know when a named one changes);
# writes those of producers and workers, and deletes them when a producer is removed or workers have others.
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch, create, patch, delete]
# The configuration that workers mount.
- apiGroups: [""]
  resources: [configmaps]
  verbs: [get, list, watch, create, patch]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, patch, delete]
# Lets nodes be drained a few workers at a time; sees those of others, which go before.
- apiGroups: [policy]
  resources: [poddisruptionbudgets]
  verbs: [list, watch, create, patch, delete]
# Marks the pods to be removed first.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, watch, patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}
