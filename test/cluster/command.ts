import { spawn } from "node:child_process";

/** A command that ended with another code than 0; the message carries the end of what it wrote to stderr. */
export class CommandError extends Error {
  override name = "CommandError";
}

export interface CommandOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Written to the command's standard input. */
  input?: string;
  /** Called with each piece of output, for commands whose progress a person wants to see. */
  onOutput?: (text: string) => void;
}

/**
 * Runs a command to its end and returns what it wrote to stdout.
 * @throws CommandError when it cannot be started or ends with another code than 0.
 */
export function run(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      options.onOutput?.(text);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      options.onOutput?.(text);
    });
    child.on("error", (error) => reject(new CommandError(`${command} could not be started: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new CommandError(
            `${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}:\n${(stderr || stdout).slice(-3000)}`,
          ),
        );
    });
    // A command that never reads its input closes it early; its exit code says whether that mattered.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** Like {@link run}, but `undefined` instead of an error: for asking whether something is there. */
export async function tryRun(
  command: string,
  args: readonly string[],
  options?: CommandOptions,
): Promise<string | undefined> {
  try {
    return await run(command, args, options);
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
