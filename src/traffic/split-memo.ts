/**
 * What Sluice remembers on a user's route while the route carries a split: a small annotation, never a copy of the route.
 * It has one entry per apex, because one route may carry the splits of several Services at once.
 */
import type { Json, KubeObject } from '../values/kube-object.ts';
import { canaryServiceName } from '../core/release/canary.ts';
import type { CarriedSplit } from '../values/route-split.ts';
import { noSplit, type Split } from '../values/split.ts';
import { splitAnnotation } from '../schema/annotations.ts';
import { canonical, objectOf, textOf } from '../values/json-values.ts';
import { readSplit } from './split-json.ts';
import type { LostWeight } from './weighted-list.ts';

export type SplitMemo = {
  /** The exact split that was asked for: with small weights, neighbouring percentages look the same in the route. */
  readonly split: Split;
  /** Name of the Release that the split belongs to, for people who look only at the route; empty when unknown. */
  readonly release: string;
  /** The former weight of a rule's only destination, by the key of its list. */
  readonly weights: Readonly<Record<string, LostWeight>>;
  /** Subsets of the apex that are split. Left out where its routes name none. */
  readonly subsets?: readonly string[];
};

type Note = {
  readonly services: Readonly<Record<string, Json | undefined>>;
  /** The route had no annotations map, so the map is removed together with the last memo. */
  readonly bare: boolean;
};

const read = (object: KubeObject): Note => {
  const text = object.metadata.annotations?.[splitAnnotation];
  if (text === undefined) return { services: {}, bare: object.metadata.annotations === undefined };
  const note = objectOf(parse(text));
  return { services: objectOf(note['services']), bare: note['bare'] === true };
};

const parse = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // Somebody has edited the annotation. The route alone still suffices to remove the split with the same meaning.
    return null;
  }
};

const isLostWeight = (value: Json | undefined): value is LostWeight => value === null || typeof value === 'number';

const isTexts = (value: Json | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

/** The memo for this apex; undefined if there is none or it cannot be read. */
export const readMemo = (object: KubeObject, apex: string): SplitMemo | undefined => {
  const { services } = read(object);
  return services[apex] === undefined ? undefined : memoIn(services[apex]);
};

const memoIn = (noted: Json): SplitMemo => {
  const { split, canary, release, weights, subsets } = objectOf(noted);
  const kept = Object.entries(objectOf(weights)).filter((pair): pair is [string, LostWeight] => isLostWeight(pair[1]));
  return {
    // Earlier versions, in which a split was only a weight, stored it as `canary`.
    split: readSplit(split ?? { weight: canary }) ?? noSplit,
    release: textOf(release),
    weights: Object.fromEntries(kept),
    ...(isTexts(subsets) ? { subsets } : {}),
  };
};

/** Every split that the object remembers. */
export const carriedSplits = (object: KubeObject): readonly CarriedSplit[] =>
  Object.entries(read(object).services).map(([apex, noted = null]) => {
    const { weights: _weights, ...told } = memoIn(noted);
    return { apex, canaryService: canaryServiceName(apex), ...told };
  });

/** `object` with the memo of `source` in place of its own. All other annotations stay. */
export const withMemoryOf = (source: KubeObject, object: KubeObject): KubeObject => {
  const note = read(source);
  const inherits = object.metadata.annotations?.[splitAnnotation] !== undefined;
  const bare = object.metadata.annotations === undefined || (inherits && note.bare);
  return Object.keys(note.services).length === 0
    ? withoutAnnotation(object, bare)
    : annotated(object, textFor({ ...note, bare }));
};

/** The route with this memo for the apex, or without one. The annotation is removed with its last memo. */
export const writeMemo = (object: KubeObject, apex: string, memo: SplitMemo | undefined): KubeObject => {
  const { services, bare } = read(object);
  const { [apex]: _old, ...others } = services;
  const next = memo === undefined ? others : { ...others, [apex]: memo as Json };
  return Object.keys(next).length === 0
    ? withoutAnnotation(object, bare)
    : annotated(object, textFor({ bare, services: next }));
};

const textFor = ({ bare, services }: Note): string => canonical({ ...(bare ? { bare } : {}), services });

const annotated = (object: KubeObject, text: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [splitAnnotation]: text } },
});

const withoutAnnotation = (object: KubeObject, bare: boolean): KubeObject => {
  if (object.metadata.annotations?.[splitAnnotation] === undefined) return object;
  const { [splitAnnotation]: _note, ...annotations } = object.metadata.annotations;
  const { annotations: _map, ...metadata } = object.metadata;
  if (bare && Object.keys(annotations).length === 0) return { ...object, metadata };
  return { ...object, metadata: { ...object.metadata, annotations: annotations } };
};
