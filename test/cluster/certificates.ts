import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { apiServerUrl, clusterDomain, kubernetesServiceAddress, nodeAddress, nodeName } from "./addresses.ts";
import { run } from "./command.ts";
import { program } from "./packages.ts";
import { ownKubeconfig, statePath } from "./paths.ts";

const directory = statePath("certificates");
const validDays = "3650";

/** The path of a certificate or key by file name, for example `ca.crt`. */
export function certificatePath(file: string): string {
  return `${directory}/${file}`;
}

interface Identity {
  name: string;
  commonName: string;
  organization?: string;
  authority: "ca" | "front-proxy-ca";
  usage: "clientAuth" | "serverAuth";
  names?: string[];
}

const client = (name: string, commonName: string, organization?: string): Identity => ({
  name,
  commonName,
  ...(organization === undefined ? {} : { organization }),
  authority: "ca",
  usage: "clientAuth",
});

/** Who talks to whom: each component has an identity of its own, so that RBAC applies to it as in any cluster. */
const identities: Identity[] = [
  {
    name: "apiserver",
    commonName: "kube-apiserver",
    authority: "ca",
    usage: "serverAuth",
    names: [
      `IP:${nodeAddress}`,
      `IP:${kubernetesServiceAddress}`,
      "IP:127.0.0.1",
      "DNS:localhost",
      "DNS:kubernetes",
      "DNS:kubernetes.default",
      "DNS:kubernetes.default.svc",
      `DNS:kubernetes.default.svc.${clusterDomain}`,
    ],
  },
  client("admin", "jobwright-admin", "system:masters"),
  client("apiserver-kubelet-client", "kube-apiserver-kubelet-client", "system:masters"),
  client("controller-manager", "system:kube-controller-manager"),
  client("scheduler", "system:kube-scheduler"),
  client("kubelet", `system:node:${nodeName}`, "system:nodes"),
  client("kube-proxy", "system:kube-proxy"),
  client("coredns", "system:coredns"),
  { name: "front-proxy-client", commonName: "front-proxy-client", authority: "front-proxy-ca", usage: "clientAuth" },
];

/** Makes the certificate authorities, certificates, keys and kubeconfigs that are not there yet. */
export async function ensureCertificates(): Promise<void> {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  // Without a file of its own openssl would add its defaults to what is asked for here.
  writeFileSync(certificatePath("openssl.cnf"), "[req]\ndistinguished_name = dn\n[dn]\n");
  for (const authority of ["ca", "front-proxy-ca"]) await ensureAuthority(authority);
  await Promise.all(identities.filter(({ name }) => !existsSync(certificatePath(`${name}.crt`))).map(issue));
  if (!existsSync(certificatePath("service-account.key"))) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    writeFileSync(certificatePath("service-account.pub"), publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(certificatePath("service-account.key"), privateKey.export({ type: "pkcs8", format: "pem" }), {
      mode: 0o600,
    });
  }
  for (const { name, authority, usage } of identities) {
    if (authority === "ca" && usage === "clientAuth") {
      writeFileSync(certificatePath(`${name}.kubeconfig`), kubeconfig(name), { mode: 0o600 });
    }
  }
  writeFileSync(ownKubeconfig, kubeconfig("admin"), { mode: 0o600 });
}

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const request = () => ["req", "-x509", "-config", certificatePath("openssl.cnf"), "-days", validDays, ...newKey];

async function ensureAuthority(name: string): Promise<void> {
  if (existsSync(certificatePath(`${name}.crt`))) return;
  const files = ["-keyout", certificatePath(`${name}.key`), "-out", certificatePath(`${name}.crt`)];
  const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"];
  await run(program("openssl"), [
    ...request(),
    ...files,
    "-subj",
    `/CN=jobwright-${name}`,
    ...extensions.flatMap((extension) => ["-addext", extension]),
  ]);
}

async function issue(identity: Identity): Promise<void> {
  const { name, commonName, organization, authority, usage, names } = identity;
  const signer = ["-CA", certificatePath(`${authority}.crt`), "-CAkey", certificatePath(`${authority}.key`)];
  const files = ["-keyout", certificatePath(`${name}.key`), "-out", certificatePath(`${name}.crt`)];
  const extensions = [
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    `extendedKeyUsage=${usage}`,
  ];
  if (names !== undefined) extensions.push(`subjectAltName=${names.join(",")}`);
  await run(program("openssl"), [
    ...request(),
    ...signer,
    ...files,
    "-subj",
    `${organization === undefined ? "" : `/O=${organization}`}/CN=${commonName}`,
    ...extensions.flatMap((extension) => ["-addext", extension]),
  ]);
}

/** A kubeconfig for one identity, with its certificate inside. JSON, which every reader of kubeconfigs takes as YAML. */
function kubeconfig(identity: string): string {
  const base64 = (file: string) => readFileSync(certificatePath(file)).toString("base64");
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": "jobwright",
      clusters: [
        { name: "jobwright", cluster: { server: apiServerUrl, "certificate-authority-data": base64("ca.crt") } },
      ],
      users: [
        {
          name: identity,
          user: {
            "client-certificate-data": base64(`${identity}.crt`),
            "client-key-data": base64(`${identity}.key`),
          },
        },
      ],
      contexts: [{ name: "jobwright", context: { cluster: "jobwright", user: identity } }],
    },
    undefined,
    2,
  );
}
