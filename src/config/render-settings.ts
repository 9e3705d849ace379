import { commandMeanings, commands, settings, settingsOf, type Command, type Setting } from './settings.ts';

const defaultOf = ({ absent }: Setting): string => (typeof absent === 'object' ? absent.default : '');

const presence = (setting: Setting): string => {
  if (setting.absent === 'required') return 'Required.';
  return defaultOf(setting) === '' ? '' : `Default: ${defaultOf(setting)}.`;
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

const settingLines = (setting: Setting): readonly string[] => [
  `  --${setting.flag} ${setting.form.placeholder}`,
  `      ${plain([setting.meaning, `Must be ${setting.form.allowed}.`, presence(setting)].join(' ').trim())}`,
  `      Environment: ${setting.env}`,
];

/** What `--help` prints: the commands, or the flags of one of them. Ends without a line break. */
export const helpText = (command?: Command): string =>
  (command === undefined
    ? overview()
    : [
        `Usage: sluice ${command} [flags]`,
        '',
        commandMeanings[command],
        '',
        'Flags (a flag wins over its environment variable):',
        ...settingsOf(command).flatMap(([, setting]) => settingLines(setting)),
      ]
  ).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|');

const row = (setting: Setting): string =>
  [
    `\`--${setting.flag}\``,
    `\`${setting.env}\``,
    setting.commands.join(', '),
    setting.absent === 'required' ? 'required' : defaultOf(setting) && `\`${defaultOf(setting)}\``,
    setting.meaning,
    setting.form.allowed,
  ]
    .map(cell)
    .join(' | ');

/** The settings as a page of the reference docs (Markdown). */
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
