/** Reads the `sluice.dev/` annotations of a workload: the policy fields that they set, and problems with the keys. */
import {
  annotationMeanings,
  annotations as known,
  marks,
  policyAnnotations,
  requestPrefix,
  type AnnotationForm,
} from '../../schema/annotations.ts';
import { group } from '../../schema/names.ts';
import { nearest } from '../../schema/nearest.ts';
import { asWritten } from '../../schema/validate.ts';
import type { Json, Labels } from '../../values/kube-object.ts';
import type { Problem } from '../../values/problem.ts';

/** A policy field that an annotation sets. `value` is the unparsed text if that does not have the form of the field. */
export type AnnotatedField = {
  readonly field: string;
  readonly key: string;
  readonly text: string;
  readonly value: Json;
  readonly example: string;
};

export type ReadAnnotations = {
  readonly fields: readonly AnnotatedField[];
  readonly problems: readonly Problem[];
};

const prefix = `${group}/`;
const wholeNumber = /^-?[0-9]+$/;
const plainNumber = /^-?[0-9]+(\.[0-9]+)?$/;

const numberOr = (form: RegExp, text: string): number | string => (form.test(text) ? Number(text) : text);

/** Text of the wrong form is returned as it is; the schema then reports what the field accepts. */
const valueOf = (form: AnnotationForm, text: string): Json => {
  switch (form) {
    case 'integer':
    // A bare number is a duration in seconds.
    case 'duration':
      return numberOr(wholeNumber, text);
    case 'number':
      return numberOr(plainNumber, text);
    case 'integers':
      return text.split(',').map((item) => numberOr(wholeNumber, item.trim()));
    case 'text':
      return text;
  }
};

const fields: ReadonlyMap<string, Omit<AnnotatedField, 'text' | 'value'> & { readonly form: AnnotationForm }> = new Map(
  Object.entries(policyAnnotations).map(([name, entry]) => [prefix + name, { key: prefix + name, ...entry }]),
);
const peoplesKeys: readonly string[] = [...Object.values<string>(known), ...fields.keys()];
const allKeys: ReadonlySet<string> = new Set([...peoplesKeys, ...Object.values<string>(marks)]);

/**
 * Finding the nearest key is slow. A client that sends more unknown keys than this is not mistaken but hostile, and gets no
 * suggestions for the rest.
 */
export const suggested = 32;

const unknownKey = (key: string, text: string, index: number): Problem => {
  const name = key.slice(prefix.length);
  const names = peoplesKeys.map((k) => k.slice(prefix.length));
  const near = index < suggested ? nearest(name, names) : undefined;
  const advice = near === undefined ? `The keys are ${names.join(', ')}.` : `Did you mean ${prefix}${near}?`;
  const todo = `${key}.`.startsWith(requestPrefix) ? 'It belongs on the Release, not on the workload.' : advice;
  return { field: asWritten(key), value: asWritten(text), rule: 'is not an annotation Sluice knows', todo };
};

/** Common words for on and off. The nearest of the two by edit distance is often the wrong one. */
const switches: Readonly<Record<string, 'enabled' | 'disabled'>> = {
  true: 'enabled',
  on: 'enabled',
  yes: 'enabled',
  '1': 'enabled',
  false: 'disabled',
  off: 'disabled',
  no: 'disabled',
  none: 'disabled',
  '0': 'disabled',
};

const canaryAdvice = (text: string): string => {
  const word = text.toLowerCase();
  const meant = (Object.hasOwn(switches, word) ? switches[word] : undefined) ?? nearest(text, ['enabled', 'disabled']);
  return meant === undefined ? 'Write enabled to opt in, disabled to opt out.' : `Did you mean "${meant}"?`;
};

/** Problems with the value of `sluice.dev/canary`. */
export const canaryProblems = (text: string | undefined): readonly Problem[] =>
  text === undefined || text === 'enabled' || text === 'disabled'
    ? []
    : [
        {
          field: known.canary,
          value: asWritten(text),
          rule: 'must be enabled or disabled',
          todo: canaryAdvice(text),
        },
      ];

/** Reports a key with an empty value. */
export const emptyProblems = (key: string, text: string | undefined, rule: string): readonly Problem[] =>
  text === ''
    ? [{ field: key, value: '', rule, todo: `Write ${key}: "${annotationMeanings[key]?.example ?? ''}", for example.` }]
    : [];

/** Reads every annotation under `sluice.dev/`, with white space around its value trimmed. Others are ignored. */
export const readAnnotations = (annotations: Labels = {}): ReadAnnotations => {
  const own = Object.entries(annotations)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, text]) => [key, text.trim()] as const);
  const text = new Map(own);
  return {
    fields: own.flatMap(([key, value]) => {
      const entry = fields.get(key);
      if (entry === undefined) return [];
      const { field, example, form } = entry;
      return [{ field, key, text: value, value: valueOf(form, value), example }];
    }),
    problems: [
      ...canaryProblems(text.get(known.canary)),
      ...emptyProblems(known.policy, text.get(known.policy), 'must name a policy'),
      ...emptyProblems(known.skip, text.get(known.skip), 'must give the reason, which is recorded'),
      ...own.filter(([key]) => !allKeys.has(key)).map(([key, value], i) => unknownKey(key, value, i)),
    ],
  };
};
