/** Objects of other kinds that a person takes for something Sluice works with, or sets on what it works with. */
import { optInLabels } from '../../schema/annotations.ts';
import { canaryName, isOurs } from '../../schema/names.ts';
import type { KubeObject } from '../../values/kube-object.ts';
import { printable } from '../../values/printable.ts';
import { deny, pass, type AdmissionRequest, type Answer } from './admission-request.ts';
import type { AdmissionRules } from './admission-rules.ts';

const others: ReadonlySet<string> = new Set(['StatefulSet', 'DaemonSet', 'Job', 'CronJob']);

const asks = ({ metadata: { annotations, labels } }: KubeObject): boolean =>
  Object.values(optInLabels).some((key) => annotations?.[key] !== undefined || labels?.[key] !== undefined);

/** The answer to a write of such an object; undefined for anything else. */
export const strangerAnswer = (request: AdmissionRequest, rules: AdmissionRules): Answer | undefined => {
  const { group, kind, object } = request;
  if (object === undefined) return undefined;
  if ((group === 'apps' || group === 'batch') && others.has(kind)) return asks(object) ? withoutEffect(object) : pass();
  return group === 'autoscaling' && kind === 'HorizontalPodAutoscaler' ? autoscaler(request, object, rules) : undefined;
};

const withoutEffect = ({ kind, metadata }: KubeObject): Answer => ({
  ...pass('other-workload', 'Sluice releases Deployments alone'),
  warnings: [
    `Sluice releases Deployments alone: the sluice.dev/ annotations and labels of ${printable(kind)} ${printable(metadata.name)} have no effect, and it rolls natively`,
  ],
});

const targetOf = ({ spec }: KubeObject): string => {
  const target = spec?.['scaleTargetRef'];
  const { kind, name } = (typeof target === 'object' && target !== null ? target : {}) as {
    readonly kind?: unknown;
    readonly name?: unknown;
  };
  return kind === 'Deployment' && typeof name === 'string' ? name : '';
};

const suffix = canaryName('');

/** A canary follows the size of its workload. One that is not there at the moment comes with the next release. */
const autoscaler = ({ namespace = '', user }: AdmissionRequest, object: KubeObject, rules: AdmissionRules): Answer => {
  const target = targetOf(object);
  if (!target.endsWith(suffix) || rules.policyUse === undefined || rules.sluiceUsers.includes(user)) return pass();
  const all = rules.policyUse.workloads(namespace);
  const found = all.find(({ metadata }) => metadata.name === target);
  const workload = all.find(({ metadata }) => metadata.name === target.slice(0, -suffix.length));
  if (workload === undefined) return pass();
  const released = found === undefined ? rules.policyUse.governing(workload) !== 'nothing' : isOurs(found);
  return released ? refused(object.metadata.name, target, workload.metadata.name) : pass();
};

const refused = (name: string, target: string, workload: string): Answer =>
  deny('guarded', 'the size of a canary is set by its release', {
    code: 403,
    reason: 'Forbidden',
    message: [
      `HorizontalPodAutoscaler ${printable(name)} would scale Deployment ${printable(target)}, the canary of Deployment ${printable(workload)}:`,
      `its release sets its size, which follows ${printable(workload)}.`,
      `Let it scale ${printable(workload)}: write spec.scaleTargetRef.name: ${printable(workload)}.`,
    ].join(' '),
  });
