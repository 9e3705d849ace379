/** Carries out effects: compares each wish with what is there and writes only the difference. Every write is guarded. */
import { canaryDeployment, canaryService, routedArm, type CanaryPlan } from '../core/release/canary.ts';
import type { Effect } from '../core/release/effects.ts';
import type { Deployment, Labels, PodTemplate } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { labels } from '../schema/names.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import { templateDiff } from '../core/template/template-diff.ts';
import { templateHash } from '../core/template/template-hash.ts';
import { followApex } from './follow-apex.ts';
import { refOf, type EffectRun } from './effect-run.ts';
import { disown, removeCanary } from './canary-removal.ts';
import { isTaken } from './label-taken.ts';
import { lookAtRoll } from './roll-look.ts';
import { ensureCompanions, removeCompanions } from './companions.ts';
import { changeRoutes } from './route-effects.ts';
import {
  clearFailed,
  forgetAuthor,
  growWorkload,
  letRoll,
  markFailed,
  markRetry,
  promote,
  putBack,
  settle,
} from './workload-effects.ts';

/** Runs the effects in order; the first rejection ends it, and the next reconcile starts from the facts again. Resolves with the number of writes. */
export const runEffects = async (run: EffectRun, effects: readonly Effect[]): Promise<number> => {
  let writes = 0;
  for (const effect of effects) writes += await runEffect(run, effect);
  return writes;
};

const runEffect = (run: EffectRun, effect: Effect): Promise<number> => {
  switch (effect.do) {
    case 'ensure-companions':
      return ensureCompanions(run.deps.cluster, run.gathered.companions.wanted, run.gathered.companions.live);
    case 'remove-companions':
      return removeCompanions(run.deps.cluster, run.gathered.companions.live);
    case 'ensure-canary':
      return ensureCanary(run, effect.replicas);
    case 'route':
      return changeRoutes(run, (r) => r.provider.render(r.target, effect.split, r.live));
    case 'restore-routes':
      return changeRoutes(run, (r) => r.provider.restore(r.target, r.live));
    case 'remove-canary':
      return removeCanary(run);
    case 'grow-workload':
      return growWorkload(run, effect.replicas);
    case 'look-at-roll':
      return lookAtRoll(run);
    case 'promote':
      return promote(run);
    case 'let-roll':
      return letRoll(run);
    case 'put-back':
      return putBack(run);
    case 'mark-failed':
      return markFailed(run, effect.message);
    case 'clear-failed':
      return clearFailed(run);
    case 'settle':
      return settle(run);
    case 'forget-author':
      return forgetAuthor(run);
    case 'mark-retry':
      return markRetry(run);
  }
};

const ensureCanary = async (run: EffectRun, replicas: number): Promise<number> => {
  const { gathered } = run;
  const { facts, canary } = gathered;
  if (canary.deployment === undefined) {
    // What has its name now is another's, or on its way out; its going starts another reconcile.
    if (facts.inTheWay !== undefined) return 0;
    // The template may have moved on since the release was decided on: then there is nothing of this release to start.
    if (facts.workload.templateHash !== facts.release.spec.templateHash) return 0;
    return createCanary(run, replicas);
  }
  return (await ensureService(run, replicas)) + (await disown(run)) + (await grow(run, replicas));
};

const planOf = (run: EffectRun, replicas: number): CanaryPlan => {
  const { workload, release, canary } = run.gathered;
  const there = canary.deployment?.spec.template.metadata?.labels;
  return {
    workload,
    release: { name: release.name, uid: release.uid, templateHash: release.spec.templateHash },
    replicas,
    arm: armOf(run, there),
    ...(there === undefined || labels.releaseUid in there ? {} : { unidentified: true }),
  };
};

const armOf = ({ deps, gathered }: EffectRun, canary: Labels | undefined): CanaryPlan['arm'] => {
  const { route, label, workload, release } = gathered;
  if (route?.provider.can.splits === 'replicas' || label === undefined) return { splits: 'replicas' };
  return routedArm(label, {
    current: workload.spec.template.metadata?.labels?.[label] ?? '',
    uid: release.uid,
    ...(canary === undefined ? {} : { canary }),
    taken: (value) => isTaken(deps, workload, { [label]: value }),
  });
};

const createCanary = async (run: EffectRun, replicas: number): Promise<number> => {
  if (areWaitedFor(run)) return bothWrites(createDeployment(run, replicas), ensureService(run, replicas));
  return (await ensureService(run, replicas)) + (await createDeployment(run, replicas));
};

/** Callers are without an answer until the first canary pod has one, or will be in the moment the Service follows. */
const areWaitedFor = ({ gathered: { facts } }: EffectRun): boolean =>
  facts.stable?.cutOff !== undefined || facts.unfit !== undefined;

/** A write that goes on must not outlast its reconcile: the next one would not know of it. */
const bothWrites = async (...writes: readonly [Promise<number>, Promise<number>]): Promise<number> => {
  await Promise.allSettled(writes);
  const [one, other] = writes;
  return (await one) + (await other);
};

const createDeployment = async (run: EffectRun, replicas: number): Promise<number> => {
  const wanted = canaryDeployment(planOf(run, replicas));
  const stored = await run.deps.cluster.create(wanted, kinds.deployment);
  tellDifference(run, templateOf(wanted), templateOf(stored));
  return 1;
};

const templateOf = ({ spec }: Deployment): PodTemplate => spec.template;

/** Another admission controller has changed what was to be created: what is judged is not quite what will be promoted. */
const tellDifference = ({ deps, gathered }: EffectRun, wanted: PodTemplate, stored: PodTemplate): void => {
  if (templateHash(wanted) === templateHash(stored)) return;
  const { release, workload } = gathered;
  const { namespace = '', name, uid = '' } = workload.metadata;
  deps.journal.record({
    regarding: { ref: { gvk: kinds.deployment, namespace, name }, uid },
    related: { ref: { gvk: kinds.release, namespace, name: release.name }, uid: release.uid },
    type: 'Warning',
    reason: 'CanaryDiffers',
    action: 'StartCanary',
    note: `an admission controller changes the canary of release ${release.name}, so that it is not quite the template that is released: ${templateDiff(wanted, stored).join('; ')}`,
  });
};

/** Without its Service a release leads nowhere, and what is made for it stays as it is. */
const ensureService = async (run: EffectRun, replicas: number): Promise<number> => {
  const plan = planOf(run, replicas);
  const { route, facts, canary } = run.gathered;
  if (plan.arm.splits === 'replicas' || route === undefined) return 0;
  const wanted = canaryService(plan, route.target.apex);
  if (canary.service !== undefined) return facts.service === undefined ? 0 : followApex(run, wanted);
  await run.deps.cluster.create(wanted, kinds.service);
  return 1;
};

/** Follows stable's size, in both directions: the weight decides, and it never falls while the canary serves. */
const grow = async (run: EffectRun, replicas: number): Promise<number> => {
  const { deployment } = run.gathered.canary;
  if (deployment === undefined || deployment.spec.replicas === replicas || isTakenOver(deployment)) return 0;
  const ref = refOf(run, kinds.deployment, deployment.metadata.name);
  await run.deps.cluster.patch(ref, { type: 'merge', body: { spec: { replicas } } });
  return 1;
};
