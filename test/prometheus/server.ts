import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { answersWithin, freePorts, startOwned } from "../cluster/owned-process.ts";
import { prometheusProgram } from "./packages.ts";
import {
  type ActiveAlert,
  activeAlerts,
  labelValues,
  query,
  queryRange,
  type Range,
  type Sample,
  type Series,
} from "./query.ts";

/** What is scraped, by plain HTTP at `/metrics`. */
export interface Target {
  /** `host:port` */
  readonly address: string;
  /** That its series get, as discovery would give them: `job`, `namespace`, `pod`, `pool`… What the target itself says counts more. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PrometheusOptions {
  /** Also how often rules are evaluated. Default 1. */
  readonly scrapeSeconds?: number;
  /** Paths of rule files. */
  readonly rules?: readonly string[];
}

/** A Prometheus of the caller's own on loopback, with data of its own. `await using` ends it and drops the data. */
export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** From now on scrapes these, instead of those before. Up to five seconds pass until it does: so seldom it looks. */
  scrape(targets: readonly Target[]): void;
  /** What an expression comes to now, or at a moment (seconds since 1970). */
  query(expression: string, atSeconds?: number): Promise<Sample[]>;
  queryRange(expression: string, range: Range): Promise<Series[]>;
  labelValues(label: string, selector?: string): Promise<string[]>;
  /** The alerts that are pending or fire. */
  alerts(): Promise<ActiveAlert[]>;
}

/**
 * Starts a Prometheus; resolves when it answers, within a second. It ends with this process at the latest. The first on a
 * machine installs it, which takes up to a minute: give such a test a timeout of 180 s.
 *
 * ```ts
 * await using prometheus = await startPrometheus({ rules: [file] });
 * prometheus.scrape([{ address: `127.0.0.1:${port}`, labels: { job: "jobwright-operator" } }]);
 * await expect.poll(() => prometheus.query("jobwright_pool_backlog > 0")).toHaveLength(1);
 * ```
 */
export async function startPrometheus({ scrapeSeconds = 1, rules = [] }: PrometheusOptions = {}): Promise<Prometheus> {
  const command = await prometheusProgram("prometheus");
  const folder = mkdtempSync(join(tmpdir(), "jobwright-prometheus-"));
  const targets = join(folder, "targets");
  mkdirSync(targets);
  const configuration = join(folder, "prometheus.yml");
  const logFile = join(folder, "log");
  const interval = `${scrapeSeconds}s`;
  // JSON is YAML.
  const settings = {
    global: { scrape_interval: interval, scrape_timeout: interval, evaluation_interval: interval },
    rule_files: rules,
    scrape_configs: [
      {
        job_name: "test",
        honor_labels: true,
        file_sd_configs: [{ files: [join(targets, "*.json")], refresh_interval: "1s" }],
      },
    ],
  };
  writeFileSync(configuration, JSON.stringify(settings));

  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const server = startOwned({
    command,
    args: [
      `--config.file=${configuration}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=warn",
    ],
    logFile,
  });
  await answersWithin(server, { name: "Prometheus", logFile, timeoutMs: 60_000 }, () => isReady(url));

  return {
    url,
    pid: server.pid,
    scrape(wanted) {
      // Moved into its place: it is never read half-written.
      const written = join(folder, "targets.json");
      writeFileSync(
        written,
        JSON.stringify(wanted.map(({ address, labels = {} }) => ({ targets: [address], labels }))),
      );
      renameSync(written, join(targets, "all.json"));
    },
    query: (expression, atSeconds) => query(url, expression, atSeconds),
    queryRange: (expression, range) => queryRange(url, expression, range),
    labelValues: (label, selector) => labelValues(url, label, selector),
    alerts: () => activeAlerts(url),
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function isReady(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/-/ready`);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
