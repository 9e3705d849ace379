/** The CEL expressions of match conditions, with which the API server decides whether to call the webhook. */
import { marks, requestPrefix } from '../schema/annotations.ts';
import { group, labels, managedBy } from '../schema/names.ts';
import { annotationsOf, labelsOf, literal } from './webhook-scope.ts';

const manyKeys = 100;

const ours = `k.startsWith(${literal(`${group}/`)})`;
/** Without the labels of objects that Sluice makes: those are for the guard entries. */
const oursOfLabels = `${ours} && !(k in [${Object.values(labels).map(literal).join(', ')}])`;
const usersOwn = `${ours} && !(k in [${Object.values(marks).map(literal).join(', ')}])`;

/**
 * Whether a map has a matching key. CEL's cost limit counts loops quadratically, so for an object with an unreasonable
 * number of keys the webhook is called without looking.
 */
const has = (map: string, matches: string): string => `(${map}.size() > ${manyKeys} || ${map}.exists(k, ${matches}))`;

/** Whether the object has a matching annotation (by default any of ours) or a label of ours. */
const mentionsUs = (object: string, keys = ours): string =>
  `(${has(annotationsOf(object), keys)} || ${has(labelsOf(object), oursOfLabels)})`;

/** Whether a matching key differs between the two maps or is missing in one. */
const differ = (of: (object: string) => string, keys: string): string => {
  const [now, before] = [of('object'), of('oldObject')];
  const missing = (a: string, b: string): string => has(a, `${keys} && ${b}[?k] != ${a}[?k]`);
  return `${now} != ${before} && (${missing(now, before)} || ${missing(before, now)})`;
};

export const templateChanges = 'object.spec.template != oldObject.spec.template';
const isPaused = (object: string): string => `${object}.spec.?paused.orValue(false)`;
const rolls = `(${templateChanges} || ${isPaused('object')} != ${isPaused('oldObject')})`;

/**
 * For Deployments that have an annotation or label of ours, before or after; any one, so that a misspelt one can be
 * reported. The write must change something a release depends on. The cheapest tests come first.
 */
export const changesARelease = [
  `oldObject == null && ${mentionsUs('object')}`,
  `oldObject != null && (${rolls} && (${mentionsUs('object')} || ${mentionsUs('oldObject')}) || ${differ(annotationsOf, ours)} || ${differ(labelsOf, oursOfLabels)})`,
].join(' || ');

const isAWorkload = `${labelsOf('oldObject')}[?${literal(labels.managedBy)}] != optional.of(${literal(managedBy)})`;

const requests = `k.startsWith(${literal(requestPrefix.slice(0, -1))})`;
const beforeOrNone = `(oldObject == null ? optional.none() : ${annotationsOf('oldObject')}[?k])`;

/**
 * A Release on which a request is new or other than before; the key of one without an id is among them, to be refused.
 */
export const makesARequest = has(
  annotationsOf('object'),
  `${requests} && ${annotationsOf('object')}[?k] != ${beforeOrNone}`,
);

/**
 * For Deployments without any annotation or label of ours; the complement of `changesARelease`, so that no write
 * matches both. In the mutating stage, the marks from our own first answer are ignored: otherwise this entry would no
 * longer match on reinvocation. In the validating stage they count, and `changesARelease` matches instead.
 */
export const changesUnspoken = (stage: 'mutating' | 'validating'): string =>
  `${rolls} && ${isAWorkload} && !${mentionsUs('oldObject')} && !${mentionsUs('object', stage === 'mutating' ? usersOwn : ours)}`;
