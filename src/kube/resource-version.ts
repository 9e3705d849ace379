/**
 * Order of two resourceVersions of the same kind. They are decimal integers of any length (KEP-5504, guaranteed since
 * Kubernetes 1.35 and true of every older kube-apiserver); an aggregated API server may still use something else.
 */
const comparable = /^[1-9][0-9]*$/;

/** Negative, zero or positive as `a` is older than, the same as or newer than `b`; undefined when they cannot be compared. */
export const compareVersions = (a: string | undefined, b: string | undefined): number | undefined => {
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return 0;
  if (!comparable.test(a) || !comparable.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
};
