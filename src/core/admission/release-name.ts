import { createHash } from 'node:crypto';

/** A Release's name is also the value of a label on everything made for it. */
const maxLength = 63;
const digestDigits = 8;

/**
 * Name of the Release for the write that makes `generation` of the workload: unique per workload (every change of the
 * template raises the generation) and the same however often the API server asks, dry runs included.
 */
export const releaseName = (workload: string, generation: number): string => {
  const suffix = `-${generation}`;
  if (workload.length + suffix.length <= maxLength) return workload + suffix;
  const digest = `-${createHash('sha256').update(workload).digest('hex').slice(0, digestDigits)}`;
  const kept = workload.slice(0, maxLength - suffix.length - digest.length).replace(/[-.]+$/, '');
  return kept + digest + suffix;
};
