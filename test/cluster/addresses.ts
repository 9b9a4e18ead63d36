// Every address the cluster uses, in one place. Ports differ from the usual ones where a developer's machine is likely
// to run the same program already.

/** The node's address: the bridge's own. Pods reach the API server, DNS and the brokers here, and so does this machine. */
export const nodeAddress = "10.244.0.1";
export const podNetwork = "10.244.0.0/24";
export const serviceNetwork = "10.96.0.0/16";
/** The `kubernetes` Service: the first address of the Service network. */
export const kubernetesServiceAddress = "10.96.0.1";
export const bridgeName = "jobwright0";
export const nodeName = "jobwright";
export const clusterDomain = "cluster.local";

export const etcdPort = 23790;
export const etcdPeerPort = 23800;
export const apiServerPort = 16443;
export const apiServerUrl = `https://${nodeAddress}:${apiServerPort}`;
export const controllerManagerPort = 10257;
export const schedulerPort = 10259;
export const kubeletPort = 10250;
export const kubeletHealthPort = 10248;
export const kubeProxyHealthPort = 10256;
export const dnsHealthPort = 18081;
export const dnsReadyPort = 18181;
