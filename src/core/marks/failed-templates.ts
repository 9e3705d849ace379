/**
 * Templates that failed, or were aborted by a person, and were put back. A tool that heals itself applies them again
 * at once, and each return would be another release: they are remembered, and held when they come back.
 */
import { marks } from '../../schema/annotations.ts';
import type { Labels } from '../../values/kube-object.ts';

export type FailedTemplate = {
  readonly hash: string;
  /** Name of the Release that tells of it. */
  readonly release: string;
  readonly outcome: 'Failed' | 'Aborted';
};

const kept = 10;
const [between, within] = [',', ':'];

const textOf = ({ hash, release, outcome }: FailedTemplate): string => [hash, release, outcome].join(within);

const read = (entry: string): readonly FailedTemplate[] => {
  const [hash = '', release = '', outcome] = entry.trim().split(within);
  if (hash === '' || release === '' || (outcome !== 'Failed' && outcome !== 'Aborted')) return [];
  return [{ hash, release, outcome }];
};

/** Newest first. */
/** All that are remembered. */
export const failedTemplates = (annotations: Labels | undefined): readonly FailedTemplate[] =>
  (annotations?.[marks.failed] ?? '').split(between).flatMap(read);

/** What is remembered of this template. */
export const failedTemplate = (annotations: Labels | undefined, hash: string): FailedTemplate | undefined =>
  failedTemplates(annotations).find((one) => one.hash === hash);

/** The mark's text with this template in front. */
export const withFailed = (annotations: Labels | undefined, failed: FailedTemplate): string =>
  [failed, ...others(annotations, failed.hash)].slice(0, kept).map(textOf).join(between);

const others = (annotations: Labels | undefined, hash: string): readonly FailedTemplate[] =>
  failedTemplates(annotations).filter((one) => one.hash !== hash);

/** The mark's text without this template, which is tried again or has been promoted; undefined where none is left. */
export const withoutFailed = (annotations: Labels | undefined, hash: string): string | undefined => {
  const left = others(annotations, hash);
  return left.length === 0 ? undefined : left.map(textOf).join(between);
};
