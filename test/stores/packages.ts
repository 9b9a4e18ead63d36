import { existsSync, readdirSync } from "node:fs";
import { findProgram, installPackages } from "../cluster/packages.ts";

const postgresFolder = "/usr/lib/postgresql";

/** Path of `redis-server`, installed with apt when it is missing; no service is started. */
export async function redisProgram(): Promise<string> {
  return findProgram("redis-server") ?? (await install("redis-server", () => findProgram("redis-server")));
}

/** Folder of the newest installed PostgreSQL's programs, installed with apt when there is none; no service is started. */
export async function postgresPrograms(): Promise<string> {
  return newestPostgres() ?? (await install("postgresql", newestPostgres));
}

// Debian keeps `initdb` and `postgres` out of PATH, a folder a version.
function newestPostgres(): string | undefined {
  if (!existsSync(postgresFolder)) return undefined;
  const [newest] = readdirSync(postgresFolder)
    .filter((version) => existsSync(`${postgresFolder}/${version}/bin/initdb`))
    .sort((a, b) => Number(b) - Number(a));
  return newest === undefined ? undefined : `${postgresFolder}/${newest}/bin`;
}

async function install(debian: string, find: () => string | undefined): Promise<string> {
  await installPackages([debian]);
  const path = find();
  if (path === undefined) throw new Error(`the Debian package ${debian} was installed, but its program is not there`);
  return path;
}
