import { commandMeanings, commands, defaultOf, settings, settingsOf, type Command, type Setting } from './settings.ts';

const presence = (setting: Setting, command: Command): string => {
  if (setting.absent === 'required') return 'Required.';
  const text = defaultOf(setting, command);
  return text === undefined ? '' : `Default: ${text}.`;
};

/** The default for all commands, plus the one for `dev` if it differs. */
const defaultsCell = (setting: Setting): string => {
  if (setting.absent === 'required') return 'required';
  const [text, dev] = [defaultOf(setting, undefined), defaultOf(setting, 'dev')];
  if (text === undefined) return '';
  return dev === undefined || dev === text ? `\`${text}\`` : `\`${text}\`, with dev \`${dev}\``;
};

const plain = (text: string): string => text.replaceAll('`', '');

const overview = (): readonly string[] => [
  'Usage: sluice COMMAND [flags]',
  '',
  'Commands:',
  ...commands.map((command) => `  ${command.padEnd(12)}${commandMeanings[command]}`),
  '',
  'sluice COMMAND --help lists the flags of a command.',
];

const settingLines = (setting: Setting, command: Command): readonly string[] => [
  `  --${setting.flag} ${setting.form.placeholder}`,
  `      ${plain([setting.meaning, `Must be ${setting.form.allowed}.`, presence(setting, command)].join(' ').trim())}`,
  `      Environment: ${setting.env}`,
];

/** The output of `--help`: the commands, or the flags of one command. Has no trailing newline. */
export const helpText = (command?: Command): string =>
  (command === undefined
    ? overview()
    : [
        `Usage: sluice ${command} [flags]`,
        '',
        commandMeanings[command],
        '',
        'Flags (a flag wins over its environment variable):',
        ...settingsOf(command).flatMap(([, setting]) => settingLines(setting, command)),
      ]
  ).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = (setting: Setting): string =>
  [
    `\`--${setting.flag}\``,
    `\`${setting.env}\``,
    setting.commands.join(', '),
    defaultsCell(setting),
    setting.meaning,
    setting.form.allowed,
  ]
    .map(cell)
    .join(' | ');

/** The settings as a Markdown page for the reference docs. */
export const settingsPage = (): string =>
  [
    '# Settings of the program',
    '',
    '`sluice dev|webhook|controller [flags]`. A flag wins over its environment variable.',
    '',
    '| Flag | Environment | Commands | Default | Meaning | Must be |',
    '|---|---|---|---|---|---|',
    ...Object.values<Setting>(settings).map((setting) => `| ${row(setting)} |`),
    '',
  ].join('\n');
