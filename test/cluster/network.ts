import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { bridgeName, nodeAddress, podNetwork } from "./addresses.ts";
import { run, tryRun } from "./command.ts";
import { removalCommands } from "./iptables-removal.ts";
import { program } from "./packages.ts";
import { statePath } from "./paths.ts";

const savedForwarding = statePath("ip_forward.before");
const forwardingSwitch = "/proc/sys/net/ipv4/ip_forward";
const tables = ["nat", "filter", "mangle"];
/** Marks the rules made here, so that `down` finds them. */
const comment = "jobwright cluster";

/** Makes the pods' bridge with the node's address on it, turns on forwarding, and lets the bridge's traffic through. */
export async function ensureNetwork(): Promise<void> {
  const ip = program("ip");
  if ((await tryRun(ip, ["link", "show", bridgeName])) === undefined) {
    await run(ip, ["link", "add", bridgeName, "type", "bridge"]);
  }
  await run(ip, ["address", "replace", `${nodeAddress}/24`, "dev", bridgeName]);
  await run(ip, ["link", "set", bridgeName, "up"]);
  if (!existsSync(savedForwarding)) writeFileSync(savedForwarding, readFileSync(forwardingSwitch, "utf8"));
  writeFileSync(forwardingSwitch, "1");
  // Docker, where it is installed, drops forwarded packets that nobody accepts.
  for (const direction of ["-i", "-o"]) {
    const rule = ["FORWARD", direction, bridgeName, "-m", "comment", "--comment", comment, "-j", "ACCEPT"];
    if ((await tryRun(program("iptables"), ["-C", ...rule])) === undefined) {
      await run(program("iptables"), ["-A", ...rule]);
    }
  }
}

/** Writes the CNI configuration: a veth pair per pod on the bridge, addresses from the pod network. Host ports are left out:
 * their chains would be shared with a podman on the same machine. */
export function writeCniConfiguration(): void {
  mkdirSync(statePath("cni", "net.d"), { recursive: true });
  const configuration = {
    cniVersion: "1.0.0",
    name: "jobwright",
    plugins: [
      {
        type: "bridge",
        bridge: bridgeName,
        isGateway: true,
        ipMasq: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: statePath("cni", "addresses"),
          ranges: [[{ subnet: podNetwork, rangeStart: "10.244.0.10", gateway: nodeAddress }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
  writeFileSync(statePath("cni", "net.d", "10-jobwright.conflist"), JSON.stringify(configuration, undefined, 2));
}

/** Removes the bridge and every firewall rule that the cluster made; puts forwarding back as it was. */
export async function removeNetwork(): Promise<void> {
  for (const table of tables) {
    const saved = await tryRun(saveProgram(), ["-t", table]);
    const removal = saved === undefined ? "" : removalCommands(saved, table);
    if (removal !== "") await run(restoreProgram(), ["--noflush"], { input: removal });
  }
  await tryRun(program("ip"), ["link", "delete", bridgeName]);
  if (existsSync(savedForwarding)) {
    writeFileSync(forwardingSwitch, readFileSync(savedForwarding, "utf8"));
    rmSync(savedForwarding);
  }
  rmSync(statePath("cni"), { recursive: true, force: true });
}

const saveProgram = () => `${program("iptables")}-save`;
const restoreProgram = () => `${program("iptables")}-restore`;
