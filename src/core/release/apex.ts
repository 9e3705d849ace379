/** Finds the Service that is the apex, and the label by which it tells canary pods from stable ones. */
import type { Deployment, Labels, Service } from '../../values/kube-object.ts';
import type { Problem } from '../../values/problem.ts';
import { annotations } from '../../schema/annotations.ts';
import { group, isOurs } from '../../schema/names.ts';

export type ApexAnswer = { readonly apex: Service } | { readonly problems: readonly Problem[] };

const serviceField = `${group}/service`;

/** Services in the workload's namespace that select the pods of a template, except Sluice's own. */
export const servicesSelecting = (podLabels: Labels, services: readonly Service[]): readonly Service[] =>
  services.filter((s) => !isOurs(s) && selects(s.spec.selector, podLabels));

const selects = (selector: Labels | undefined, podLabels: Labels): boolean =>
  selector !== undefined &&
  Object.keys(selector).length > 0 &&
  Object.entries(selector).every(([key, value]) => podLabels[key] === value);

/**
 * The apex: the Service that the policy names, else the only one that selects the workload's pods, else the one of
 * several that has the workload's name. Anything else is a problem for the user.
 */
export const findApex = (workload: Deployment, services: readonly Service[], wanted?: string): ApexAnswer => {
  const candidates = servicesSelecting(workload.spec.template.metadata?.labels ?? {}, services);
  if (wanted !== undefined) return named(wanted, candidates, services);
  const [only, ...others] = candidates;
  if (only === undefined) return { problems: [noService(workload)] };
  if (others.length === 0) return { apex: only };
  const sameName = candidates.find((s) => s.metadata.name === workload.metadata.name);
  return sameName === undefined ? { problems: [several(candidates)] } : { apex: sameName };
};

/**
 * Finds the apex also if a user changes a pod label and the Service's selector together, and the Service is written last.
 * Until then, the apex is the Service that selects the pods of the stable template.
 */
export const findApexOfEither = (
  workload: Deployment,
  services: readonly Service[],
  { wanted, stable }: { readonly wanted: string | undefined; readonly stable: Labels | undefined },
): ApexAnswer => {
  const found = findApex(workload, services, wanted);
  if ('apex' in found || stable === undefined || isAmbiguous(workload, services, wanted)) return found;
  const before = findApex(withLabels(workload, stable), services, wanted);
  return 'apex' in before ? before : found;
};

const isAmbiguous = ({ spec: { template } }: Deployment, services: readonly Service[], wanted?: string): boolean =>
  wanted === undefined && servicesSelecting(template.metadata?.labels ?? {}, services).length > 0;

const withLabels = ({ spec, ...rest }: Deployment, podLabels: Labels): Deployment => ({
  ...rest,
  spec: { ...spec, template: { ...spec.template, metadata: { ...spec.template.metadata, labels: podLabels } } },
});

const named = (wanted: string, candidates: readonly Service[], services: readonly Service[]): ApexAnswer => {
  const found = candidates.find((s) => s.metadata.name === wanted);
  if (found !== undefined) return { apex: found };
  const exists = services.some((s) => s.metadata.name === wanted);
  const rule = exists
    ? "this Service does not select the workload's pods"
    : 'there is no Service of this name in the namespace';
  return { problems: [{ field: serviceField, value: wanted, rule, todo: choose(candidates) }] };
};

const choose = (candidates: readonly Service[]): string =>
  candidates.length === 0
    ? "Create a Service that selects the workload's pods."
    : `Name one that does: ${candidates.map((s) => s.metadata.name).join(', ')}.`;

const noService = (workload: Deployment): Problem => ({
  field: 'Service',
  rule: `no Service selects the pods of Deployment ${workload.metadata.name}, so there is no traffic to split`,
  todo: `Create a Service whose selector matches the pods' labels, or opt out with ${annotations.canary}: disabled.`,
});

const several = (candidates: readonly Service[]): Problem => ({
  field: serviceField,
  rule: `several Services select the workload's pods: ${candidates.map((s) => s.metadata.name).join(', ')}`,
  todo: `Name the one whose traffic is split with the annotation ${serviceField}.`,
});

export type LabelAnswer = { readonly key: string } | { readonly problems: readonly Problem[] };

/** How many objects would miss the canary if this label differed on its pods, the most important kinds first. */
export type Missed = (key: string) => readonly number[];

const usual = ['app', 'app.kubernetes.io/name'];

const compare = (a: readonly number[], b: readonly number[]): number =>
  a.map((count, i) => count - (b[i] ?? 0)).find((difference) => difference !== 0) ?? 0;

/**
 * The one label whose value differs on canary pods. It must be in the workload's selector (or the two Deployments would
 * fight over pods) and in the apex's (or the apex would send to the canary as well). If several labels are possible, it
 * is the one that the fewest security policies, budgets and monitors select by.
 */
export const distinguishingLabel = (workload: Deployment, apex: Service, missed: Missed = () => []): LabelAnswer => {
  const own = selectorKeys(workload);
  const shared = Object.keys(apex.spec.selector ?? {}).filter((key) => own.includes(key));
  const preferred = [...usual.filter((key) => shared.includes(key)), ...shared.filter((key) => !usual.includes(key))];
  const [key] = preferred
    .map((one) => ({ one, counts: missed(one) }))
    .sort((a, b) => compare(a.counts, b.counts))
    .map(({ one }) => one);
  if (key !== undefined) return { key };
  return {
    problems: [
      {
        field: 'Service.spec.selector',
        value: Object.entries(apex.spec.selector ?? {})
          .map(([k, v]) => `${k}=${v}`)
          .join(','),
        rule: `Service ${apex.metadata.name} and Deployment ${workload.metadata.name} share no selector label, so the Service could not tell canary pods from stable ones`,
        todo:
          own.length === 0
            ? noKeys
            : `Add one of the Deployment's selector labels to the Service's selector: ${own.join(', ')}.`,
      },
    ],
  };
};

/** A Deployment's selector cannot be changed, so there is nothing to add anywhere. */
const noKeys =
  "The Deployment's selector holds no label to one value, and it cannot be changed: make the Deployment anew with selector.matchLabels, or use the provider kubernetes, which needs no such label.";

/** Keys of the labels for which the Deployment's selector lists values: its pods have no other value. */
export const selectorKeys = ({ spec: { selector } }: Deployment): readonly string[] => {
  const listed = (selector.matchExpressions ?? []).flatMap(({ key, operator }) =>
    operator === 'In' && typeof key === 'string' ? [key] : [],
  );
  return [...new Set([...Object.keys(selector.matchLabels ?? {}), ...listed])];
};

/** The label whose value differs on the pods of an existing canary; undefined if none differs. */
export const chosenLabel = (workload: Deployment, canary: Deployment): string | undefined => {
  const stable = workload.spec.template.metadata?.labels ?? {};
  const made = canary.spec.template.metadata?.labels ?? {};
  return selectorKeys(workload).find(
    (key) => stable[key] !== undefined && made[key] !== undefined && made[key] !== stable[key],
  );
};
