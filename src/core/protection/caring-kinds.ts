/** PodDisruptionBudgets, PodMonitors and ServiceMonitors. */
import { gvk, type JsonObject, type KubeObject } from '../../values/kube-object.ts';
import { selects } from '../../values/label-selector.ts';
import type { Missing, ProtectingKind } from './protecting-kind.ts';
import { objectOf } from '../../values/json-values.ts';
import { canaryOnly, losesCanary, selectorOf, specOf } from './selecting.ts';
import type { ProtectedPods } from './subject.ts';

const isHere = ({ metadata }: KubeObject, { namespace }: ProtectedPods): boolean => metadata.namespace === namespace;

/** An absolute `minAvailable` refers to the size of stable; copied for a single canary pod, it would block node drains. */
const missingBudget = (object: KubeObject, pods: ProtectedPods): Missing | undefined => {
  const spec = specOf(object);
  if (!isHere(object, pods) || !losesCanary(selectorOf(spec['selector']), pods)) return undefined;
  return typeof spec['minAvailable'] === 'number'
    ? { cannot: 'its minAvailable is a number of pods, and the canary has fewer; write a percentage or maxUnavailable' }
    : { copies: [{ spec: { ...spec, selector: canaryOnly(pods) } }] };
};

const missingPodMonitor = (object: KubeObject, pods: ProtectedPods): Missing | undefined => {
  const spec = specOf(object);
  return isHere(object, pods) && losesCanary(selectorOf(spec['selector']), pods)
    ? { copies: [{ spec: { ...spec, selector: canaryOnly(pods) } }] }
    : undefined;
};

/** A ServiceMonitor selects Services by labels, and the canary's Service has none of the user's labels. */
const missingServiceMonitor = (object: KubeObject, pods: ProtectedPods): Missing | undefined => {
  const spec = specOf(object);
  const { services } = pods;
  if (services === undefined || !isHere(object, pods)) return undefined;
  const selector = selectorOf(spec['selector']);
  if (!selects(selector, services.apex.labels) || selects(selector, services.canary.labels)) return undefined;
  const { namespaceSelector: _elsewhere, ...rest } = spec;
  const copy: JsonObject = { ...rest, selector: { matchLabels: services.canary.labels } };
  return objectOf(spec['namespaceSelector'])['matchNames'] === undefined || namesHere(spec, pods)
    ? { copies: [{ spec: copy }] }
    : undefined;
};

const namesHere = (spec: JsonObject, { namespace }: ProtectedPods): boolean => {
  const names = objectOf(spec['namespaceSelector'])['matchNames'];
  return Array.isArray(names) && names.includes(namespace);
};

export const caringKinds: readonly ProtectingKind[] = [
  {
    use: {
      gvk: gvk('policy/v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
      access: ['read', 'own'],
      needed: [],
      builtIn: true,
    },
    matters: 'care',
    atAdmission: true,
    missing: missingBudget,
  },
  {
    use: { gvk: gvk('monitoring.coreos.com/v1', 'PodMonitor', 'podmonitors'), access: ['read', 'own'], needed: [] },
    matters: 'care',
    keepsLabels: true,
    missing: missingPodMonitor,
  },
  {
    use: {
      gvk: gvk('monitoring.coreos.com/v1', 'ServiceMonitor', 'servicemonitors'),
      access: ['read', 'own'],
      needed: [],
    },
    matters: 'care',
    keepsLabels: true,
    missing: missingServiceMonitor,
  },
];
