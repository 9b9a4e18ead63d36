/** Chains that kube-proxy and the kubelet make. */
const kubernetesChain = /^KUBE-/;
/** The rules made in network.ts. */
const bridgeRule = '"jobwright cluster"';
/** The CNI plugins name their chains by a hash; their comments say which network they serve. */
const cniNetwork = 'name: \\"jobwright\\"';

/**
 * What to give `iptables-restore --noflush` so that one table loses the cluster's rules and nothing else.
 * @param saved what `iptables-save -t <table>` printed.
 * @returns "" when there is nothing to remove.
 */
export function removalCommands(saved: string, table: string): string {
  const lines = saved.split("\n");
  const rules = lines.filter((line) => line.startsWith("-A "));
  const chains = lines.flatMap((line) => /^:(\S+)/.exec(line)?.[1] ?? []);
  const ours = new Set(chains.filter((chain) => kubernetesChain.test(chain) || servesUs(chain, rules)));
  const references = rules.filter((rule) => {
    const [, chain = ""] = rule.split(" ");
    const target = / -[jg] (\S+)/.exec(rule)?.[1] ?? "";
    return !ours.has(chain) && (ours.has(target) || rule.includes(bridgeRule));
  });
  if (ours.size === 0 && references.length === 0) return "";
  return [
    `*${table}`,
    ...references.map((rule) => rule.replace(/^-A /, "-D ")),
    // A chain can only go when nothing in another one jumps to it: all are emptied first.
    ...[...ours].map((chain) => `-F ${chain}`),
    ...[...ours].map((chain) => `-X ${chain}`),
    "COMMIT",
    "",
  ].join("\n");
}

function servesUs(chain: string, rules: string[]): boolean {
  return chain.startsWith("CNI-") && rules.some((rule) => rule.startsWith(`-A ${chain} `) && rule.includes(cniNetwork));
}
