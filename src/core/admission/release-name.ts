import { createHash } from 'node:crypto';

/** A Release's name is also a label value, on everything made for the release. */
const maxLength = 63;
const digestDigits = 8;

/**
 * Name of the Release for the write that creates this `generation` of the workload. It is unique per workload, since
 * every template change raises the generation, and the same for reinvocations and dry runs.
 */
export const releaseName = (workload: string, generation: number): string => {
  const suffix = `-${generation}`;
  if (workload.length + suffix.length <= maxLength) return workload + suffix;
  const digest = `-${createHash('sha256').update(workload).digest('hex').slice(0, digestDigits)}`;
  const kept = workload.slice(0, maxLength - suffix.length - digest.length).replace(/[-.]+$/, '');
  return kept + digest + suffix;
};
