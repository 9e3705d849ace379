/** Parses flags and environment into one frozen configuration, or reports all problems at once. */
import type { Problem } from '../values/problem.ts';
import { nearest } from '../schema/nearest.ts';
import { readFlags, type Flags } from './read-flags.ts';
import { helpText } from './render-settings.ts';
import { commands, defaultOf, settings, settingsOf, type Command, type Config, type Setting } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export type ParsedConfig =
  | { readonly kind: 'run'; readonly config: Config }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

const isCommand = (word: string | undefined): word is Command => commands.some((command) => command === word);

const commandProblems = ([word, ...more]: readonly string[]): readonly Problem[] => {
  const todo = `Write sluice ${commands.join('|')}; sluice --help tells what each does.`;
  if (word === undefined) return [{ field: 'command', rule: 'is missing', todo }];
  if (!isCommand(word)) return [{ field: 'command', value: word, rule: `must be one of ${commands.join(', ')}`, todo }];
  return more.map((extra) => ({
    field: 'argument',
    value: extra,
    rule: 'is one too many: a value belongs to a flag',
    todo: `See sluice ${word} --help.`,
  }));
};

const didYouMean = (name: string, command: Command | undefined): string => {
  const flags = (command === undefined ? Object.values<Setting>(settings) : settingsOf(command).map(([, s]) => s)).map(
    ({ flag }) => flag,
  );
  const near = nearest(name, flags);
  return near === undefined ? '' : `Did you mean --${near}? `;
};

const flagProblem = (name: string, command: Command | undefined): Problem | undefined => {
  const setting = Object.values<Setting>(settings).find(({ flag }) => flag === name);
  const help = `See sluice ${command ?? 'COMMAND'} --help.`;
  if (setting === undefined)
    return { field: `--${name}`, rule: 'there is no such flag', todo: `${didYouMean(name, command)}${help}` };
  if (command === undefined || setting.commands.includes(command)) return undefined;
  const owners = setting.commands.join(' and ');
  return { field: `--${name}`, rule: `is for ${owners}, not for ${command}`, todo: `Leave it out. ${help}` };
};

type Found = { readonly field: string; readonly text: string };

/** Detects service links: for a Service named `sluice`, kubelet sets SLUICE_PORT in every pod of the namespace. */
const isServiceLink = (value: string): boolean => /^(tcp|udp|sctp):\/\//.test(value);

const variableOf = (setting: Setting, env: Environment): string | undefined => {
  const value = env[setting.env];
  return value === undefined || value === '' || isServiceLink(value) ? undefined : value;
};

type Given = { readonly flags: Flags; readonly env: Environment; readonly command: Command | undefined };

/** The flag wins over the variable. An empty variable counts as absent, which lets a chart omit a value. */
const find = (setting: Setting, given: Given): Found | undefined => {
  const { flags, env, command } = given;
  const flag = flags.values.get(setting.flag);
  if (flag !== undefined) return { field: `--${setting.flag}`, text: flag };
  const variable = variableOf(setting, env);
  if (variable !== undefined) return { field: setting.env, text: variable };
  const text = defaultOf(setting, command);
  return text === undefined ? undefined : { field: `--${setting.flag}`, text };
};

type Read = { readonly value: unknown } | { readonly problem: Problem };

const read = (setting: Setting, found: Found | undefined): Read => {
  const { flag, form, env } = setting;
  const todo = `Write --${flag} ${form.example}, or set ${env}.`;
  if (found === undefined)
    return setting.absent === 'required'
      ? { problem: { field: `--${flag}`, rule: `is missing; it must be ${form.allowed}`, todo } }
      : { value: undefined };
  const value = form.read(found.text);
  if (value !== undefined) return { value };
  return { problem: { field: found.field, value: found.text, rule: `must be ${form.allowed}`, todo } };
};

/**
 * `args` are the words after the program's name; `env` is the process's environment. Never throws: all problems are
 * returned. Ignores variables of settings that the command does not take.
 */
export const parseConfig = (args: readonly string[], env: Environment): ParsedConfig => {
  const flags = readFlags(
    args,
    Object.values<Setting>(settings).map(({ flag }) => flag),
  );
  const [word] = flags.words;
  const command = isCommand(word) ? word : undefined;
  if (flags.help) return { kind: 'help', text: helpText(command) };
  const problems = [
    ...commandProblems(flags.words),
    ...flags.problems,
    ...[...flags.names].flatMap((name) => flagProblem(name, command) ?? []),
  ];
  const entries: [string, unknown][] = [['command', command]];
  for (const [key, setting] of command === undefined ? [] : settingsOf(command)) {
    if (flags.valueless.has(setting.flag)) continue;
    const result = read(setting, find(setting, { flags, env, command }));
    if ('problem' in result) problems.push(result.problem);
    else entries.push([key, result.value]);
  }
  if (problems.length > 0) return { kind: 'problems', problems };
  // The loop above has read every setting of this command, so the object matches its type.
  return { kind: 'run', config: Object.freeze(Object.fromEntries(entries)) as Config };
};
