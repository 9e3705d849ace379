/** Reads Istio's DestinationRules, which define what the subsets of a Service select. Sluice never writes them. */
import { gvk, isA, type Json, type KubeObject, type Labels } from '../values/kube-object.ts';
import { anyName, means, type ServiceName } from '../values/route-format.ts';
import type { Live, Target, Use } from '../ports/traffic.ts';
import { objectOf, objectsOf, textOf, textsOf } from '../values/json-values.ts';
import { servicesAt } from './service-host.ts';
import type { SubsetDefinition } from './subsets.ts';

const destinationRule = gvk('networking.istio.io/v1', 'DestinationRule', 'destinationrules');

const servicesOf = ({ metadata, spec }: KubeObject): ServiceName | undefined =>
  servicesAt(textOf(spec?.['host']), metadata.namespace ?? '');

/** A rule without subsets does not affect the split. */
const about = (object: KubeObject): readonly ServiceName[] => {
  const service = servicesOf(object);
  return service === undefined || objectsOf(object.spec?.['subsets']).length === 0 ? [] : [service];
};

/** Not needed for routes that name no subsets. */
export const destinationRules: Use = { gvk: destinationRule, access: ['read'], needed: [], about };

/** Whether a configuration is exported to the proxies of a namespace; for `anyName`, to any proxies at all. */
export const isExportedTo = (exportTo: Json | undefined, from: string | undefined, namespace: string): boolean => {
  const to = textsOf(exportTo);
  return [from, anyName].includes(namespace) || to.length === 0 || to.includes('*') || to.includes(namespace);
};

const labelsOf = (value: Json | undefined): Labels =>
  Object.fromEntries(Object.entries(objectOf(value)).map(([key, text]) => [key, textOf(text)]));

/**
 * The definitions of the apex's subsets. As in Istio, rules in its own namespace take precedence over those of other
 * namespaces, and rules for its exact host over wildcards; rules of equal precedence are merged.
 */
export const subsetDefinitions = (target: Target, live: Live): readonly SubsetDefinition[] => {
  const { namespace, apex } = target;
  const service = { namespace, name: apex.metadata.name };
  const rules = [...live.values()].filter(
    (object) =>
      isA(object, destinationRule) &&
      isExportedTo(object.spec?.['exportTo'], object.metadata.namespace, namespace) &&
      about(object).some((one) => means(one, service)),
  );
  const ranks = Map.groupBy(rules, (object) => rankOf(object, namespace));
  const [best = 0] = [...ranks.keys()].sort((a, b) => b - a);
  return (ranks.get(best) ?? []).flatMap(definitionsIn);
};

const rankOf = (object: KubeObject, namespace: string): number =>
  (object.metadata.namespace === namespace ? 2 : 0) + (servicesOf(object)?.name === anyName ? 0 : 1);

const definitionsIn = ({ metadata, spec }: KubeObject): readonly SubsetDefinition[] =>
  objectsOf(spec?.['subsets']).map(({ name, labels }) => ({
    subset: textOf(name),
    labels: labelsOf(labels),
    by: `${destinationRule.kind}/${metadata.name}`,
  }));
