/** One question of the API server and the answer to it, without the wire format around them. */
import type { KubeObject, ObjectRef } from '../../values/kube-object.ts';
import { sentence, type Problem } from '../../values/problem.ts';
import type { JsonPatchOp } from '../../values/json-pointer.ts';
import type { TemplateChange } from './template-change.ts';

export const operations = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;
export type Operation = (typeof operations)[number];

export type AdmissionRequest = {
  /** Names the question; the answer repeats it. */
  readonly uid: string;
  readonly operation: Operation;
  readonly group: string;
  readonly kind: string;
  readonly subResource?: string;
  readonly name?: string;
  readonly namespace?: string;
  /** User name, as the API server has authenticated it. */
  readonly user: string;
  /** The user's uid, where the authenticator gives one. */
  readonly userUid?: string;
  readonly fieldManager?: string;
  readonly dryRun: boolean;
  /** Missing on DELETE. */
  readonly object?: KubeObject;
  /** Missing on CREATE. */
  readonly oldObject?: KubeObject;
};

export type Answer = {
  /** What was decided, in a word: a metric label and a log field. */
  readonly case: string;
  readonly because: string;
  readonly allowed: boolean;
  /** Set when it is not allowed. `code` is an HTTP status with the Kubernetes reason that belongs to it. */
  readonly denial?: Denial;
  readonly warnings: readonly string[];
  readonly patch: readonly JsonPatchOp[];
  /** From which template to which, for the record. */
  readonly change?: TemplateChange;
  /** Told once the answer is out, unless it was a dry run. */
  readonly event?: AdmissionEvent;
};

export type EventSubject = { readonly ref: ObjectRef; readonly uid: string };

/** As the journal takes it. */
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
  /** The same by field: kubectl shows these, and in an editor nothing else. */
  readonly causes?: readonly Cause[];
};

/** As the API server says what is wrong with a field. */
export type Cause = { readonly reason: string; readonly field: string; readonly message: string };

/** Allowed as it is. */
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

/** More than anybody reads, and less than the API server would choke on. */
const toldProblems = 50;
const longestSentence = 2000;

/** Denied for what the client wrote, with every problem as a sentence; of very many the rest is counted. */
export const denyProblems = (name: string, because: string, problems: readonly Problem[]): Answer => {
  const shown = problems.slice(0, toldProblems);
  const message = listed(shown.map(told), problems.length);
  return deny(name, because, { code: 422, reason: 'Invalid', message, causes: causesOf(shown, problems.length) });
};

const told = (problem: Problem): string => bounded(sentence(problem));

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
