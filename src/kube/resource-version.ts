/**
 * Orders two resourceVersions of the same kind. They are decimal integers of any length (KEP-5504: guaranteed since
 * Kubernetes 1.35, and true of every older kube-apiserver), but an aggregated API server may use another format.
 */
const comparable = /^[1-9][0-9]*$/;

/** Negative if `a` is older than `b`, zero if equal, positive if newer; undefined if they cannot be compared. */
export const compareVersions = (a: string | undefined, b: string | undefined): number | undefined => {
  if (a === undefined || b === undefined) return undefined;
  if (a === b) return 0;
  if (!comparable.test(a) || !comparable.test(b)) return undefined;
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : 1;
};
