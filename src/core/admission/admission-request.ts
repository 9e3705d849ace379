/** An admission request and its answer, independent of the wire format. */
import type { KubeObject, ObjectRef } from '../../values/kube-object.ts';
import { sentence, type Problem } from '../../values/problem.ts';
import type { JsonPatchOp } from '../../values/json-pointer.ts';
import type { TemplateChange } from './template-change.ts';

export const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
export type Operation = (typeof operations)[number];

export type AdmissionRequest = {
  /** Identifies the request; the answer repeats it. */
  readonly uid: string;
  readonly operation: Operation;
  readonly group: string;
  readonly kind: string;
  readonly subResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  /** User name, as authenticated by the API server. */
  readonly user: string;
  /** The user's uid, if the authenticator provides one. */
  readonly userUid?: string;
  readonly fieldManager?: string;
  readonly dryRun: boolean;
  /** Missing on DELETE. */
  readonly object?: KubeObject;
  /** Missing on CREATE. */
  readonly oldObject?: KubeObject;
};

export type Answer = {
  /** The decision in one word: a metric label and a log field. */
  readonly case: string;
  readonly because: string;
  readonly allowed: boolean;
  /** Set if the request is denied. `code` is the HTTP status that belongs to the Kubernetes `reason`. */
  readonly denial?: Denial;
  readonly warnings: readonly string[];
  readonly patch: readonly JsonPatchOp[];
  /** The old and the new template, for the audit log. */
  readonly change?: TemplateChange;
  /** Recorded after the answer is sent, unless the request is a dry run. */
  readonly event?: AdmissionEvent;
};

export type EventSubject = { readonly ref: ObjectRef; readonly uid: string };

/** An event in the form the journal takes. */
export type AdmissionEvent = {
  readonly regarding: EventSubject;
  readonly related?: EventSubject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
};

export type Denial = {
  readonly code: 400 | 403 | 422 | 500;
  readonly reason: 'BadRequest' | 'Forbidden' | 'Invalid' | 'InternalError';
  readonly message: string;
  /** The problems by field. kubectl shows these, and `kubectl edit` shows nothing else. */
  readonly causes?: readonly Cause[];
};

/** A problem with a field, in the API server's format. */
export type Cause = { readonly reason: string; readonly field: string; readonly message: string };

/** Allows the write unchanged. */
export const pass = (name = 'pass', because = 'nothing here concerns Sluice'): Answer => ({
  case: name,
  because,
  allowed: true,
  warnings: [],
  patch: [],
});

export const deny = (name: string, because: string, denial: Denial): Answer => ({
  ...pass(name, because),
  allowed: false,
  denial,
});

/** More than anybody reads, and few enough for the API server. */
const shownProblems = 50;
const longestSentence = 2000;

/** Denies a write with every problem as a sentence. Beyond `shownProblems`, the rest is only counted. */
export const denyProblems = (name: string, because: string, problems: readonly Problem[]): Answer => {
  const shown = problems.slice(0, shownProblems);
  const message = listed(shown.map(problemText), problems.length);
  return deny(name, because, { code: 422, reason: 'Invalid', message, causes: causesOf(shown, problems.length) });
};

const problemText = (problem: Problem): string => bounded(sentence(problem));

const bounded = (text: string): string =>
  text.length <= longestSentence ? text : `${text.slice(0, longestSentence)}…`;

const causesOf = (shown: readonly Problem[], all: number): readonly Cause[] => {
  const causes = shown.map(causeOf);
  if (all === shown.length) return causes;
  return [...causes, { reason: 'FieldValueInvalid', field: '…', message: `and ${all - shown.length} more` }];
};

const causeOf = ({ field, value, rule, todo }: Problem): Cause => ({
  reason: 'FieldValueInvalid',
  field: bounded(field),
  message: bounded(`${value === undefined ? '' : `Invalid value: "${value}": `}${rule}. ${todo}`),
});

const listed = (sentences: readonly string[], all: number): string => {
  if (all === 1) return sentences[0] ?? '';
  const rest = all > sentences.length ? [`and ${all - sentences.length} more`] : [];
  return [`${all} problems:`, ...sentences.map((text, i) => `${i + 1}. ${text}`), ...rest].join('\n');
};
