/** Milliseconds since the Unix epoch. */
export type Instant = number;
export type Milliseconds = number;

/** RFC 3339 with milliseconds, the format of times in statuses and annotations. */
export const toRfc3339 = (at: Instant): string => new Date(at).toISOString();

/** The instant of an RFC 3339 text; undefined if it is missing or malformed. */
export const fromRfc3339 = (text: string | undefined): Instant | undefined => {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? undefined : at;
};
