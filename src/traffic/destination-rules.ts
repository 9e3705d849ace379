/** Istio's DestinationRules: what the subsets of a Service select. They are only read. */
import { gvk, isA, type Json, type KubeObject, type Labels } from '../values/kube-object.ts';
import { anyName, means, type ServiceName } from '../values/route-format.ts';
import type { Live, Target, Use } from '../ports/traffic.ts';
import { objectOf, objectsOf, textOf, textsOf } from './json-values.ts';
import { servicesAt } from './service-host.ts';
import type { SubsetDefinition } from './subsets.ts';

const destinationRule = gvk('networking.istio.io/v1', 'DestinationRule', 'destinationrules');

const servicesOf = ({ metadata, spec }: KubeObject): ServiceName | undefined =>
  servicesAt(textOf(spec?.['host']), metadata.namespace ?? '');

/** Without subsets it says nothing about whose traffic is whose. */
const about = (object: KubeObject): readonly ServiceName[] => {
  const service = servicesOf(object);
  return service === undefined || objectsOf(object.spec?.['subsets']).length === 0 ? [] : [service];
};

/** Routes that name no subsets work without it. */
export const destinationRules: Use = { gvk: destinationRule, access: ['read'], needed: [], about };

/** Whether a configuration is for proxies of a namespace. Where that is any, it is enough that it is for some. */
export const isExportedTo = (exportTo: Json | undefined, from: string | undefined, namespace: string): boolean => {
  const to = textsOf(exportTo);
  return [from, anyName].includes(namespace) || to.length === 0 || to.includes('*') || to.includes(namespace);
};

const labelsOf = (value: Json | undefined): Labels =>
  Object.fromEntries(Object.entries(objectOf(value)).map(([key, text]) => [key, textOf(text)]));

/**
 * What defines the subsets of the apex. Rules of its own namespace come before those of any other, and rules of its host before
 * wildcards, as in Istio; several of one kind are merged.
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
