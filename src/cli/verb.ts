import type { QueryChecks } from '../core/questions/source-form.ts';
import type { KubeObject } from '../values/kube-object.ts';
import type { Session } from './session.ts';
import type { Terminal } from './terminal.ts';

export type VerbOption = {
  /** In commander's syntax: `--reason <text>`. */
  readonly flags: string;
  readonly meaning: string;
  readonly required?: boolean;
  readonly choices?: readonly string[];
};

/** The arguments of a verb. Options are keyed by their long name in camel case. */
export type Call = {
  readonly workload: string | undefined;
  readonly options: { readonly [name: string]: string | boolean | undefined };
};

type Declared = {
  readonly name: string;
  readonly workload: 'required' | 'optional' | 'none';
  readonly summary: string;
  readonly options: readonly VerbOption[];
};

/** The environment of verbs that need no cluster. */
export type Workplace = {
  readonly terminal: Terminal;
  /** Checks queries, by kind of source. */
  readonly forms: QueryChecks;
  /** Reads a YAML file, or standard input for `-`. Rejects with PluginError. */
  readonly readObjects: (file: string) => Promise<readonly KubeObject[]>;
};

/** A verb that needs no cluster. */
export type LocalVerb = Declared & {
  /** Resolves to the exit code. Rejects with PluginError. */
  readonly runLocally: (workplace: Workplace, call: Call) => Promise<number>;
};

/** A verb of the plugin that talks to a cluster. */
export type Verb = Declared & {
  /** Resolves to the exit code. Rejects with PluginError or ClusterError. */
  readonly run: (session: Session, call: Call) => Promise<number>;
};

export const reasonOption: VerbOption = { flags: '--reason <text>', meaning: 'why, for the record in the Release' };

/** The text of an option, if given. */
export const textOf = (call: Call, option: string): string | undefined => {
  const value = call.options[option];
  return typeof value === 'string' ? value : undefined;
};

/** The workload of a verb that requires one, as enforced by commander. */
export const workloadOf = ({ workload }: Call): string => {
  if (workload === undefined) throw new TypeError('this verb is declared without a required workload');
  return workload;
};
