import { boundMarks } from '../core/marks/marks.ts';
import { isUsedSkip } from '../core/admission/used-skips.ts';
import type { Deployment } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { templateHash } from '../core/template/template-hash.ts';
import { annotations } from '../schema/annotations.ts';
import { locate } from './locate.ts';
import { PluginError } from './plugin-error.ts';
import type { Session } from './session.ts';
import { reasonOption, textOf, workloadOf, type Verb } from './verb.ts';

/**
 * A reason takes effect only once, so that an old annotation cannot let later versions through. Makes the reason new.
 */
const fresh = (reason: string, { metadata, spec }: Deployment): string => {
  let text = reason;
  while (isUsedSkip(metadata.annotations, templateHash(spec.template), text)) text = `${text} (again)`;
  return text;
};

const nothingToSkip = ({ metadata: { name, namespace = '' } }: Deployment): PluginError =>
  new PluginError(
    `Deployment ${name} has no release that is running or held, so there is nothing to skip.`,
    `To let the next version roll natively, put the annotation ${annotations.skip}: "WHY" into the change that brings it. What runs now: kubectl rollout status deployment/${name} -n ${namespace}`,
  );

const stillPaused = ({ metadata: { name } }: Deployment): PluginError =>
  new PluginError(
    `The annotation is on Deployment ${name}, but it is still paused: Sluice's webhook has not seen the change.`,
    'Look whether the webhook runs, then skip again.',
  );

const skipRelease = async (session: Session, written: string, reason: string): Promise<number> => {
  const { workload } = await locate(session, written);
  const { name, namespace = session.namespace } = workload.metadata;
  if (boundMarks(workload) === undefined || workload.spec.paused !== true) throw nothingToSkip(workload);
  const value = fresh(reason, workload);
  const ref = { gvk: kinds.deployment, namespace, name };
  const after = (await session.client.annotate(ref, { [annotations.skip]: value })) as Deployment;
  if (after.spec.paused === true) throw stillPaused(after);
  session.terminal.out(
    [
      `${name}: the rest of the release is skipped (${value}). The new version rolls out natively at once, without checks; the canary is taken down.`,
      `This counts for this version only. Follow it with: kubectl rollout status deployment/${name} -n ${namespace}`,
      '',
    ].join('\n'),
  );
  return 0;
};

export const skip: Verb = {
  name: 'skip',
  workload: 'required',
  summary: 'roll the version that is being released, or held, out natively at once',
  options: [{ ...reasonOption, required: true }],
  run: (session, call) => skipRelease(session, workloadOf(call), textOf(call, 'reason') ?? ''),
};
