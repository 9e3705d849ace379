import type { Session } from './session.ts';

export type VerbOption = {
  /** As commander reads it: `--reason <text>`. */
  readonly flags: string;
  readonly meaning: string;
  readonly required?: boolean;
  readonly choices?: readonly string[];
};

/** What was written after the verb. Options are keyed by their long name in camel case. */
export type Call = {
  readonly workload: string | undefined;
  readonly options: { readonly [name: string]: string | boolean | undefined };
};

/** One verb of the plugin: how it is called, what it means, what it does. */
export type Verb = {
  readonly name: string;
  readonly workload: 'required' | 'optional' | 'none';
  readonly summary: string;
  readonly options: readonly VerbOption[];
  /** Resolves to the exit code. Rejects with PluginError or ClusterError. */
  readonly run: (session: Session, call: Call) => Promise<number>;
};

export const reasonOption: VerbOption = { flags: '--reason <text>', meaning: 'why, for the record in the Release' };
export const outputOption: VerbOption = {
  flags: '-o, --output <format>',
  meaning: 'print the objects instead',
  choices: ['json'],
};

/** The text of an option, when it was given one. */
export const textOf = (call: Call, option: string): string | undefined => {
  const value = call.options[option];
  return typeof value === 'string' ? value : undefined;
};

/** The workload of a verb that requires one; commander has seen to it that it is there. */
export const workloadOf = ({ workload }: Call): string => {
  if (workload === undefined) throw new TypeError('this verb is declared without a required workload');
  return workload;
};
