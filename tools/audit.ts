// Asks the registry whether a package that the images need has a known vulnerability, and fails for a high or critical one.
// A registry without an audit endpoint (a mirror, or none that can be reached) cannot be asked: that is said, and no failure.
import { spawnSync } from "node:child_process";

const { stdout, stderr } = spawnSync("npm", ["audit", "--omit=dev", "--json"], {
  encoding: "utf8",
  timeout: 60_000,
  maxBuffer: 64 * 1024 * 1024,
});

interface Report {
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
  readonly message?: string;
}

function read(text: string): Report {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

const { vulnerabilities, message } = read(stdout ?? "");
if (vulnerabilities === undefined) {
  const why = message ?? (stderr ?? "").trim().split("\n")[0] ?? "no answer";
  process.stdout.write(`npm audit: not asked, since the registry does not answer (${why})\n`);
} else {
  const all = Object.entries(vulnerabilities);
  const grave = all.filter(([, { severity }]) => severity === "high" || severity === "critical");
  process.stdout.write(`npm audit: ${all.length} packages with known vulnerabilities, ${grave.length} of them grave\n`);
  for (const [name, { severity, range }] of grave) process.stderr.write(`${severity}: ${name} ${range}\n`);
  process.exitCode = grave.length === 0 ? 0 : 1;
}
