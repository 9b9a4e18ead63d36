import { getuid } from "node:process";

/** What a machine must offer; what {@link missingRequirements} decides on. */
export interface Machine {
  platform: string;
  userId: number;
  hasAptGet: boolean;
  hasGo: boolean;
  /** Whether all Go programs are built already. */
  binariesReady: boolean;
  /** Debian packages that are not installed yet. */
  missingPackages: string[];
}

/** The user id of this process; 0 is root. */
export function userId(): number {
  return getuid?.() ?? -1;
}

/** What stands in the way of `up`, one line each, with what to do about it. Empty when nothing does. */
export function missingRequirements(machine: Machine): string[] {
  const lines: string[] = [];
  if (machine.platform !== "linux") {
    lines.push(`Linux: a kubelet and containerd run nowhere else, and this is ${machine.platform}. Use a Linux VM.`);
  }
  if (machine.userId !== 0) {
    lines.push(
      "root: for the pods' bridge and firewall rules, mounts and cgroups. Run the same command with sudo, or as root.",
    );
  }
  if (machine.missingPackages.length > 0 && !machine.hasAptGet) {
    lines.push(`apt-get: to install ${machine.missingPackages.join(", ")}. Install these (Debian's names) by hand.`);
  }
  if (!machine.binariesReady && !machine.hasGo) {
    lines.push("Go 1.24 or newer: Kubernetes is built from source, once. Install it and put `go` in PATH.");
  }
  return lines;
}
