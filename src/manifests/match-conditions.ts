/** The CEL texts of match conditions: what the API server looks at before it asks. */
import { marks, requestPrefix } from '../schema/annotations.ts';
import { group, labels, managedBy } from '../schema/names.ts';
import { annotationsOf, literal } from './webhook-scope.ts';

const manyKeys = 100;

const labelsOf = (object: string): string => `${object}.?metadata.?labels.orValue({})`;
const ours = `k.startsWith(${literal(`${group}/`)})`;
/** Not the labels of what Sluice makes: that belongs to the entries which guard it. */
const oursOfLabels = `${ours} && !(k in [${Object.values(labels).map(literal).join(', ')}])`;
const peoples = `${ours} && !(k in [${Object.values(marks).map(literal).join(', ')}])`;

/**
 * Whether a map has a key that fits. The API server's loops take time by the square of their length (it counts their
 * cost that way), so an object with more keys than anybody needs is asked about unseen.
 */
const has = (map: string, fits: string): string => `(${map}.size() > ${manyKeys} || ${map}.exists(k, ${fits}))`;

/** Whether the object has an annotation or label of ours, or one that people write. */
const speaks = (object: string, whose = ours): string =>
  `(${has(annotationsOf(object), whose)} || ${has(labelsOf(object), oursOfLabels)})`;

/** Whether a key of ours differs, or is in one of the maps alone. */
const differ = (of: (object: string) => string, whose: string): string => {
  const [now, before] = [of('object'), of('oldObject')];
  const missing = (a: string, b: string): string => has(a, `${whose} && ${b}[?k] != ${a}[?k]`);
  return `${now} != ${before} && (${missing(now, before)} || ${missing(before, now)})`;
};

export const templateChanges = 'object.spec.template != oldObject.spec.template';
const isPaused = (object: string): string => `${object}.spec.?paused.orValue(false)`;
const rolls = `(${templateChanges} || ${isPaused('object')} != ${isPaused('oldObject')})`;

/**
 * A Deployment that has an annotation or label of ours before or after (any: a misspelt one is to be told), in a write
 * that changes what a release depends on. Cheapest questions first.
 */
export const changesARelease = [
  `oldObject == null && ${speaks('object')}`,
  `oldObject != null && (${rolls} && (${speaks('object')} || ${speaks('oldObject')}) || ${differ(annotationsOf, ours)} || ${differ(labelsOf, oursOfLabels)})`,
].join(' || ');

const isAWorkload = `${labelsOf('oldObject')}[?${literal(labels.managedBy)}] != optional.of(${literal(managedBy)})`;

const requests = `k.startsWith(${literal(requestPrefix.slice(0, -1))})`;
const beforeOrNone = `(oldObject == null ? optional.none() : ${annotationsOf('oldObject')}[?k])`;

/** A Release on which a request is new or other than before; the key of one without an id is among them, to be refused. */
export const makesARequest = has(
  annotationsOf('object'),
  `${requests} && ${annotationsOf('object')}[?k] != ${beforeOrNone}`,
);

/**
 * The same of a Deployment that says nothing itself, so that nothing is asked twice. While it is being changed, the marks
 * of our own first answer do not count: it would not be asked about a second time after another webhook's change. In the
 * end they do: then it is asked about as one that speaks.
 */
export const changesUnspoken = (stage: 'mutating' | 'validating'): string =>
  `${rolls} && ${isAWorkload} && !${speaks('oldObject')} && !${speaks('object', stage === 'mutating' ? peoples : ours)}`;
