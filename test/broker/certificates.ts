import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../cluster/command.ts";
import { program } from "../cluster/packages.ts";

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** A private CA. */
export interface Authority extends Certificate {
  /**
   * Issues a server's certificate.
   *
   * @param names as OpenSSL writes them, such as `IP:127.0.0.1`.
   * @param days for how long it is good from now; less than 0 for one that was good long ago only.
   * @param usage what it is good for.
   */
  issue(names: readonly string[], days?: number, usage?: Usage): Promise<Certificate>;
}

/** As OpenSSL writes it. The second is for servers that are each other's clients. */
type Usage = "serverAuth" | "serverAuth,clientAuth";

const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

/** Makes a CA that nobody trusts but those who are told to. */
export async function createAuthority(commonName: string): Promise<Authority> {
  const own = await inFolder(async (at) => {
    const files = ["-keyout", at("key"), "-out", at("certificate")];
    const extensions = ["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"];
    await openssl(["req", "-x509", ...newKey, "-days", "30", "-subj", `/CN=${commonName}`, ...files, ...extensions]);
  });
  return {
    ...own,
    issue: (names, days = 30, usage = "serverAuth") =>
      inFolder(async (at) => {
        writeFileSync(at("ca"), own.certificate);
        writeFileSync(at("ca-key"), own.key);
        writeFileSync(at("extensions"), `subjectAltName=${names.join(",")}\nextendedKeyUsage=${usage}\n`);
        await openssl(["req", ...newKey, "-subj", "/CN=rabbitmq", "-keyout", at("key"), "-out", at("request")]);
        const signer = ["-CA", at("ca"), "-CAkey", at("ca-key"), "-CAcreateserial", "-extfile", at("extensions")];
        await openssl(["x509", "-req", "-in", at("request"), ...signer, "-days", `${days}`, "-out", at("certificate")]);
      }),
  };
}

async function inFolder(make: (at: (file: string) => string) => Promise<void>): Promise<Certificate> {
  const folder = mkdtempSync(join(tmpdir(), "jobwright-certificate-"));
  const at = (file: string) => join(folder, `${file}.pem`);
  try {
    await make(at);
    return { certificate: readFileSync(at("certificate"), "utf8"), key: readFileSync(at("key"), "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function openssl(args: readonly string[]): Promise<void> {
  await run(program("openssl"), [...args]);
}
