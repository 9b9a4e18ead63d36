/** Escapes every character that means something in RabbitMQ's regular expressions (PCRE). */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}/-]/g, "\\$&");
}

/** An anchored pattern that matches exactly the given names and nothing else. No name at all: matches nothing. */
export function exactly(...names: readonly string[]): string {
  const [only] = names;
  if (only === undefined) return nothing;
  if (names.length === 1) return `^${escapePattern(only)}$`;
  return `^(${names.map(escapePattern).join("|")})$`;
}

/** The pattern of a permission that allows nothing: only the empty name matches. */
export const nothing = "^$";
