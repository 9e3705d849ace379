/** Objects in the formats of `kubectl get -o`. */
import { stringify } from 'yaml';
import type { KubeObject } from '../values/kube-object.ts';
import { textOf, type Call, type VerbOption } from './verb.ts';

const writers = {
  json: (value: object): string => `${JSON.stringify(value, null, 4)}\n`,
  // As kubectl prints it: no anchors, and no line is folded.
  yaml: (value: object): string => stringify(value, { aliasDuplicateObjects: false, lineWidth: 0 }),
} as const;

type Format = keyof typeof writers;
const isFormat = (text: string | undefined): text is Format => text !== undefined && text in writers;

export const outputOption: VerbOption = {
  flags: '-o, --output <format>',
  meaning: 'print the objects instead',
  choices: Object.keys(writers),
};

/** How a call wants objects printed. */
export type ObjectOutput = {
  readonly object: (object: KubeObject) => string;
  /** Several objects, as a List. */
  readonly list: (objects: readonly KubeObject[]) => string;
};

/** Undefined if the call wants text for people. */
export const objectOutput = (call: Call): ObjectOutput | undefined => {
  const format = textOf(call, 'output');
  if (!isFormat(format)) return undefined;
  const write = writers[format];
  return {
    object: write,
    list: (items) => write({ apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items }),
  };
};
