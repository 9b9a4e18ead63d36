/** What the processes of a crash test are told, by environment variables. */
export interface CrashSettings {
  /** Of the journals. */
  readonly folder: string;
  readonly brokerUrl: string;
  readonly postgresUrl: string;
  readonly seed: number;
  /** Jobs that a producer is to have accepted, over all its lives. */
  readonly quota: number;
  /** How long that shall take, without kills. */
  readonly seconds: number;
  /** Which producer, 0 for the first. */
  readonly producer: number;
}

/** Resolved name of the queue that is tried. */
export const queue = "crash.work";

const variable = "JOBWRIGHT_CRASH_TEST";

export function toEnvironment(settings: CrashSettings): Record<string, string> {
  return { [variable]: JSON.stringify(settings) };
}

export function fromEnvironment(env: NodeJS.ProcessEnv): CrashSettings {
  const text = env[variable];
  if (text === undefined)
    throw new Error(`${variable} is not set: this program is started by \`npm run bench -- crash\``);
  return JSON.parse(text) as CrashSettings;
}
