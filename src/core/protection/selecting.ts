/** Reads selectors from objects of unchecked shape. */
import { objectOf, objectsOf, textsOf } from '../../values/json-values.ts';
import type { Json, JsonObject, KubeObject, Labels } from '../../values/kube-object.ts';
import { selectorOperators, selects, type Requirement, type Selector } from '../../values/label-selector.ts';
import type { ProtectedPods } from './subject.ts';

export const specOf = ({ spec }: KubeObject): JsonObject => spec ?? {};

export const labelsOf = (value: Json | undefined): Labels =>
  Object.fromEntries(Object.entries(objectOf(value)).flatMap(([k, v]) => (typeof v === 'string' ? [[k, v]] : [])));

const requirementOf = (value: JsonObject): readonly Requirement[] => {
  const { key, operator, values } = value;
  const known = selectorOperators.find((one) => one === operator);
  if (typeof key !== 'string' || known === undefined) return [];
  return [{ key, operator: known, values: textsOf(values) }];
};

/** A selector in the notation of Kubernetes' own kinds. */
export const selectorOf = (value: Json | undefined): Selector => {
  const { matchLabels, matchExpressions } = objectOf(value);
  return {
    matchLabels: labelsOf(matchLabels),
    matchExpressions: objectsOf(matchExpressions).flatMap(requirementOf),
  };
};

/** Whether the selector matches stable's pods but not the canary's. */
export const losesCanary = (selector: Selector, { stable, canary }: ProtectedPods): boolean =>
  selects(selector, stable) && !selects(selector, canary);

/** A selector for the canary's pods only. */
export const canaryOnly = ({ identity }: ProtectedPods): JsonObject => ({ matchLabels: identity });
