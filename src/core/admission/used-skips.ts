/**
 * A reason for skipping counts once: for one template, in the write that says it. Which reasons have counted for which
 * templates is remembered, because annotations come back: `kubectl rollout undo` writes those of the old ReplicaSet, and a
 * revert in Git those of the old manifest. Neither asks for a roll without a canary.
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

/** Whether the reason has no effect on this template any more, by what is stored on the workload. */
export const isUsedSkip = (stored: Labels | undefined, templateHash: string, reason: string): boolean =>
  reason === stored?.[keys.skip] || listed(stored).includes(digest(templateHash, reason));

/** Text of the mark once the reason has been said for this template, newest first. */
export const withUsedSkip = (stored: Labels | undefined, templateHash: string, reason: string): string =>
  [...new Set([digest(templateHash, reason), ...listed(stored)])].slice(0, kept).join(',');
