/**
 * A skip reason takes effect once: for one template, in the write that sets it. Used reasons are remembered per
 * template, because annotations come back: `kubectl rollout undo` restores those of the old ReplicaSet, and a revert in
 * Git those of the old manifest. Neither asks to skip the canary.
 */
import { createHash } from 'node:crypto';
import { annotations as keys, marks } from '../../schema/annotations.ts';
import type { Labels } from '../../values/kube-object.ts';

const kept = 10;
const digestDigits = 16;

const digest = (templateHash: string, reason: string): string =>
  createHash('sha256').update(`${templateHash}\n${reason}`).digest('hex').slice(0, digestDigits);

const listed = (annotations: Labels | undefined): readonly string[] =>
  (annotations?.[marks.skips] ?? '').split(',').filter((entry) => entry !== '');

/** Whether the reason has already been used for this template, according to the stored workload. */
export const isUsedSkip = (stored: Labels | undefined, templateHash: string, reason: string): boolean =>
  reason === stored?.[keys.skip] || listed(stored).includes(digest(templateHash, reason));

/** The mark's text with this reason added, newest first. */
export const withUsedSkip = (stored: Labels | undefined, templateHash: string, reason: string): string =>
  [...new Set([digest(templateHash, reason), ...listed(stored)])].slice(0, kept).join(',');
