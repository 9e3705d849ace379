import { Command, Option } from 'commander';
import type { Problem } from '../values/problem.ts';

/** A command line, before its flags are interpreted. */
export type Flags = {
  readonly help: boolean;
  /** Words that are neither flags nor flag values: the command and stray arguments. */
  readonly words: readonly string[];
  /** All flags, known or not, with or without a value. */
  readonly names: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly valueless: ReadonlySet<string>;
  readonly problems: readonly Problem[];
};

const missing = (name: string): Problem => ({
  field: `--${name}`,
  rule: 'needs a value',
  todo: `Write --${name} VALUE or --${name}=VALUE.`,
});

const twice = (name: string, value: string): Problem => ({
  field: `--${name}`,
  value,
  rule: 'is there twice',
  todo: 'Keep one of the two.',
});

const oneDash = (word: string): Problem => ({
  field: word,
  rule: 'must begin with two dashes',
  todo: `Write -${word}.`,
});

/** What commander does not know: flags, each with the word after it as its value, and words. */
type Unknown = {
  readonly names: readonly string[];
  readonly words: readonly string[];
  readonly oneDash: readonly string[];
};

const sorted = (unknown: readonly string[]): Unknown => {
  const [names, words, single]: [string[], string[], string[]] = [[], [], []];
  let isValue = false;
  for (const word of unknown) {
    const [, dashes = '', name] = /^(--?)([^=]+)/.exec(word) ?? [];
    if (name === undefined) {
      if (!isValue) words.push(word);
      isValue = false;
    } else {
      if (dashes === '-') single.push(`-${name}`);
      else names.push(name);
      isValue = !word.includes('=');
    }
  }
  return { names, words, oneDash: single };
};

/** Accepts `--name value`, `--name=value`, `--help` and `-h`, where `name` is one of `known`. Every flag but help takes a value. */
export const readFlags = (args: readonly string[], known: readonly string[]): Flags => {
  const values = new Map<string, string>();
  const valueless = new Set<string>();
  const problems: Problem[] = [];
  const program = new Command().helpOption(false).addOption(new Option('-h, --help'));
  for (const name of known)
    // A value that is not there is a problem among others; commander would end with it.
    program.addOption(new Option(`--${name} [value]`)).on(`option:${name}`, (value: string | null) => {
      if (value === null) valueless.add(name);
      else if (values.has(name)) problems.push(twice(name, value));
      else values.set(name, value);
    });
  const { operands, unknown } = program.parseOptions([...args]);
  const others = sorted(unknown);
  problems.push(...[...valueless].map(missing), ...others.oneDash.map(oneDash));
  return {
    help: program.opts<{ help?: boolean }>().help === true,
    words: [...operands, ...others.words],
    names: new Set([...values.keys(), ...valueless, ...others.names]),
    values,
    valueless,
    problems,
  };
};
