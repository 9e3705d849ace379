/**
 * What Sluice has to remember on a user's route while it carries a split: a small annotation, never a copy of the route.
 * One route may carry the splits of several Services at once, so it is kept by apex.
 */
import type { Json, KubeObject } from '../values/kube-object.ts';
import { canaryServiceName } from '../core/release/canary.ts';
import type { CarriedSplit } from '../values/route-split.ts';
import { noSplit, type Split } from '../values/split.ts';
import { splitAnnotation } from '../schema/annotations.ts';
import { canonical, objectOf, textOf } from './json-values.ts';
import { readSplit } from './split-json.ts';
import type { LostWeight } from './weighted-list.ts';

export type SplitMemo = {
  /** All of what was asked for: small weights cannot tell neighbouring percents apart. */
  readonly split: Split;
  /** Name of the Release the split is of, for whoever sees nothing but the route; empty when it is not known. */
  readonly release: string;
  /** By the key of a list: the weight its only destination had. */
  readonly weights: Readonly<Record<string, LostWeight>>;
  /** Subsets of the apex that are split. Left out where its routes name none. */
  readonly subsets?: readonly string[];
};

type Note = {
  readonly services: Readonly<Record<string, Json | undefined>>;
  /** The route had no annotations at all, so the map goes again with the last of them. */
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
    // Somebody edited it. What it said is lost; the route itself is still enough to take the split out with equal meaning.
    return null;
  }
};

const isLostWeight = (value: Json | undefined): value is LostWeight => value === null || typeof value === 'number';

const isTexts = (value: Json | undefined): value is readonly string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

/** What is remembered for this apex. Anything unreadable counts as not remembered. */
export const readMemo = (object: KubeObject, apex: string): SplitMemo | undefined => {
  const { services } = read(object);
  return services[apex] === undefined ? undefined : memoIn(services[apex]);
};

const memoIn = (noted: Json): SplitMemo => {
  const { split, canary, release, weights, subsets } = objectOf(noted);
  const kept = Object.entries(objectOf(weights)).filter((pair): pair is [string, LostWeight] => isLostWeight(pair[1]));
  return {
    // Until a split was more than a weight, the weight stood alone, as `canary`.
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

/** The object with the memory of another in the place of its own. Which other annotations it has is its own. */
export const withMemoryOf = (source: KubeObject, object: KubeObject): KubeObject => {
  const note = read(source);
  const inherits = object.metadata.annotations?.[splitAnnotation] !== undefined;
  const bare = object.metadata.annotations === undefined || (inherits && note.bare);
  return Object.keys(note.services).length === 0
    ? withoutAnnotation(object, bare)
    : annotated(object, textFor({ ...note, bare }));
};

/** The route with this memory for the apex, or without one; the annotation goes with the last memory in it. */
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
