export const kedaNamespace = "keda";
export const apiServiceName = "v1beta1.external.metrics.k8s.io";

const service = "keda-metrics-apiserver";
const labels = { "jobwright.dev/bench": "keda" };
const rbac = "rbac.authorization.k8s.io";

/**
 * What the cluster must know for its autoscaler to ask KEDA's adapter, which listens outside: after config/ of KEDA's
 * repository, with an EndpointSlice in the place of pods.
 */
export function installation(address: string, port: number): object[] {
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: kedaNamespace, labels } },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: service, namespace: kedaNamespace, labels },
      spec: { ports: [{ name: "https", port: 443, targetPort: port }] },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        name: service,
        namespace: kedaNamespace,
        labels: { ...labels, "kubernetes.io/service-name": service },
      },
      addressType: "IPv4",
      ports: [{ name: "https", port, protocol: "TCP" }],
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
    },
    {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: apiServiceName, labels },
      spec: {
        service: { name: service, namespace: kedaNamespace },
        group: "external.metrics.k8s.io",
        version: "v1beta1",
        groupPriorityMinimum: 100,
        versionPriority: 100,
        insecureSkipTLSVerify: true,
      },
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRole",
      metadata: { name: "keda-external-metrics-reader", labels },
      rules: [{ apiGroups: ["external.metrics.k8s.io"], resources: ["*"], verbs: ["*"] }],
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: "keda-hpa-controller-external-metrics", labels },
      roleRef: { apiGroup: rbac, kind: "ClusterRole", name: "keda-external-metrics-reader" },
      subjects: [{ kind: "ServiceAccount", name: "horizontal-pod-autoscaler", namespace: "kube-system" }],
    },
  ];
}
