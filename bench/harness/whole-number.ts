/**
 * An option of a bench that is a whole number.
 *
 * @throws where it is none, or less than `least`; the message names the option, what was found and what was expected.
 */
export function wholeNumber(option: string, text: string, least = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${option} is "${text}": expected a whole number of at least ${least}`);
}
