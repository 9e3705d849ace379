import type { Problem } from '../values/problem.ts';

/** A tokenised command line, before its flags are interpreted. */
export type Flags = {
  readonly help: boolean;
  /** Words that are neither flags nor flag values: the command and stray arguments. */
  readonly words: readonly string[];
  /** All flags, with or without a value. */
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

const isFlag = (word: string | undefined): boolean => word !== undefined && /^--?[a-z]/i.test(word);

type Item =
  | { readonly kind: 'word'; readonly word: string }
  | { readonly kind: 'flag'; readonly name: string; readonly value: string | undefined };

const items = (args: readonly string[]): readonly Item[] => {
  const found: Item[] = [];
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [, name, inline] = /^--?([a-z][^=]*)(?:=(.*))?$/is.exec(word) ?? [];
    if (name === undefined) found.push({ kind: 'word', word });
    else if (name === 'help' || name === 'h') found.push({ kind: 'flag', name: 'help', value: undefined });
    else found.push({ kind: 'flag', name, value: inline ?? (isFlag(rest[0]) ? undefined : rest.shift()) });
  }
  return found;
};

/** Accepts `--name value`, `--name=value`, `--help` and `-h`. Every flag except help takes a value. */
export const readFlags = (args: readonly string[]): Flags => {
  const words: string[] = [];
  const values = new Map<string, string>();
  const valueless = new Set<string>();
  const problems: Problem[] = [];
  const all = items(args);
  const help = all.some((item) => item.kind === 'flag' && item.name === 'help');
  for (const item of all) {
    if (item.kind === 'word') words.push(item.word);
    else if (item.value === undefined) valueless.add(item.name);
    else if (values.has(item.name)) problems.push(twice(item.name, item.value));
    else values.set(item.name, item.value);
  }
  problems.push(...[...valueless].filter((name) => name !== 'help').map(missing));
  return { help, words, names: new Set([...values.keys(), ...valueless]), values, valueless, problems };
};
