#!/usr/bin/env node
// `npm run lock`: makes package-lock.json whole for every platform, and free of registry addresses.
//
// npm leaves an optional package out of the lock when the registry it asks does not have it (a mirror may lack what its
// users never asked for: another platform's binary), and then `npm ci` refuses the lock it wrote. Run after every
// change of dependencies; it changes nothing in a lock that is whole.
import { readFileSync, writeFileSync } from "node:fs";

const files = process.argv.slice(2);
const systems = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];
const processors = ["arm", "arm64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32", "x64"];

/** What a platform package's name says of where it runs: `cli-linux-x64-musl`. */
function platform(name) {
  const words = name.split(/[/-]/);
  const os = systems.filter((system) => words.includes(system));
  const cpu = processors.filter((processor) => words.includes(processor));
  const libc = words.includes("musl") ? ["musl"] : words.includes("gnu") && os.includes("linux") ? ["glibc"] : [];
  return { ...(cpu.length > 0 && { cpu }), ...(libc.length > 0 && { libc }), ...(os.length > 0 && { os }) };
}

for (const file of files.length > 0 ? files : ["package-lock.json"]) {
  const lock = JSON.parse(readFileSync(file, "utf8"));
  const { packages } = lock;
  for (const [path, entry] of Object.entries(packages)) {
    if (/^https?:/.test(entry.resolved ?? "")) delete entry.resolved;
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const nested = `${path}/node_modules/${name}`;
      const hoisted = `node_modules/${name}`;
      if (packages[nested] || packages[hoisted] || !/^[0-9]+\.[0-9]+\.[0-9]+/.test(version)) continue;
      packages[hoisted] = { version, ...(entry.dev && { dev: true }), optional: true, ...platform(name) };
    }
  }
  lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
