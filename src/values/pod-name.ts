/** Whose pod a name tells of. */

/** What the API server keeps of a generated name's stem, so that the whole, with five letters more, is at most 63 long. */
const stemMax = 58;
const longestHash = 10;

/**
 * Whether a pod of this name can be one of the Deployment: `<deployment>-<hash>-<suffix>`. Pods of a Deployment
 * `<deployment>-canary` are told apart unless the name is so long that the API server has cut it off.
 */
export const isPodOf = (deployment: string, pod: string): boolean => {
  const stem = `${deployment}-`;
  if (stem.length + longestHash >= stemMax)
    return pod.startsWith(stem.slice(0, stemMax)) && !pod.startsWith(`${stem}canary-`);
  return pod.startsWith(stem) && /^[a-z0-9]{1,10}-[a-z0-9]{5}$/.test(pod.slice(stem.length));
};
