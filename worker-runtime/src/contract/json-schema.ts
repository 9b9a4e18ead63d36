/**
 * In which dialect the schema of a job's input is read, by operator and worker alike: draft 6 or 7 if its `$schema` says
 * so, else 2020-12.
 */
export function isDraft7(schema: Readonly<Record<string, unknown>>): boolean {
  return /draft-0[67]/.test(String(schema.$schema ?? ""));
}
