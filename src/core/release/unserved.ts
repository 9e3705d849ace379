/** What a release says whose kind of route has been uninstalled in the middle of it. */

const beginning = 'no request can be routed to the canary: ';

/** `why`: which kind is missing, as `the provider smi works with TrafficSplit, which …`. */
export const unservedNote = (why: string): string =>
  `${beginning}${why}; stable serves everything, and the release goes on once it is installed again`;

export const isUnservedNote = (message: string | undefined): boolean => message?.startsWith(beginning) === true;
