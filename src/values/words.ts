/** Helpers for building sentences. */

/** `1 workload`, `3 workloads`. */
export const plural = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`;

/** `a`, `a and b`, `a, b and 7 more`: names at most `most` of them (at least 1). */
export const someOf = (names: readonly string[], most: number): string => {
  const named = names.slice(0, most);
  const rest = names.length - named.length;
  const parts = rest === 0 ? named : [...named, `${rest} more`];
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
};
