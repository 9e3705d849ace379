import { describe, expect, it } from '@jest/globals';
import { sentence } from '../values/problem.ts';
import { parseConfig, type Environment } from './parse-config.ts';
import { helpText, settingsPage } from './render-settings.ts';
import { commands, settings, type Config, type Setting } from './settings.ts';

const run = (line: string, env: Environment = {}): Config => {
  const result = parseConfig(line.split(' '), env);
  if (result.kind !== 'run') throw new Error(JSON.stringify(result));
  return result.config;
};

const complaints = (line: string, env: Environment = {}): readonly string[] => {
  const result = parseConfig(line === '' ? [] : line.split(' '), env);
  return result.kind === 'problems' ? result.problems.map(sentence) : [];
};

const webhook = 'webhook --certificate-secret sluice/cert --service sluice/hook';

describe('parseConfig', () => {
  it('fills in every default of dev', () =>
    expect(run('dev')).toEqual({
      command: 'dev',
      kubeconfig: undefined,
      namespace: undefined,
      logLevel: 'info',
      metricsPort: 0,
      port: 8443,
      host: '127.0.0.1',
      failurePolicy: 'Fail',
      sluiceUser: 'system:serviceaccount:sluice-system:sluice',
      prometheus: undefined,
      allowedAddresses: undefined,
      workers: 8,
    }));

  it('gives each command its own settings only', () => {
    expect(Object.keys(run(webhook))).not.toContain('workers');
    expect(Object.keys(run('controller'))).not.toContain('port');
    expect(run(webhook)).toMatchObject({
      certificateSecret: { namespace: 'sluice', name: 'cert' },
      service: { namespace: 'sluice', name: 'hook' },
    });
  });

  it('takes a metrics port that is free on a developer’s machine, and the usual one in a cluster', () => {
    expect([run('dev').metricsPort, run('controller').metricsPort, run(webhook).metricsPort]).toEqual([0, 9090, 9090]);
    expect(helpText('dev')).toContain('Must be a whole number from 0 to 65535. Default: 0.');
    expect(helpText('controller')).toContain('Must be a whole number from 0 to 65535. Default: 9090.');
    expect(settingsPage()).toContain('| `9090`, with dev `0` |');
  });

  it('is frozen', () => expect(Object.isFrozen(run('dev'))).toBe(true));

  it.each<[string, string, Environment, Partial<Config>]>([
    ['a flag', 'dev --port 7443', {}, { port: 7443 }],
    ['a flag with =', 'dev --port=7443', {}, { port: 7443 }],
    ['a variable', 'dev', { SLUICE_PORT: '7443' }, { port: 7443 }],
    ['the flag over the variable', 'dev --port 1', { SLUICE_PORT: '2' }, { port: 1 }],
    ['an empty variable as absent', 'dev', { SLUICE_PORT: '', SLUICE_NAMESPACE: '' }, { port: 8443 }],
    ['a service link as absent', 'dev', { SLUICE_PORT: 'tcp://10.96.0.7:443' }, { port: 8443 }],
    ['flags before the command', '--log-level debug controller', {}, { command: 'controller', logLevel: 'debug' }],
    ['an address without its last slash', 'dev --prometheus http://p:9090/', {}, { prometheus: 'http://p:9090' }],
    ['an address with a path', 'dev --prometheus https://p/prom', {}, { prometheus: 'https://p/prom' }],
    ['an address for the webhook', `${webhook} --prometheus https://p/prom`, {}, { prometheus: 'https://p/prom' }],
    ['an IPv6 host', 'dev --host ::1', {}, { host: '::1' }],
    ['a host name', 'dev --host build.local', {}, { host: 'build.local' }],
    ['another user', 'dev --as jane', {}, { sluiceUser: 'jane' }],
    ["another command's variable as nothing", 'controller', { SLUICE_PORT: 'x' }, { command: 'controller' }],
  ])('reads %s', (_case, line, env, expected) => expect(run(line, env)).toMatchObject(expected));

  it.each([
    ['controller', 'controller'],
    ['webhook', webhook],
    ['dev', 'dev'],
  ])('gives the %s the addresses that policies may name', (_command, line) => {
    const args = [...line.split(' '), '--allowed-addresses', 'http://p:9090, https://*.example.com/a'];
    const parsed = parseConfig(args, {});
    expect(parsed.kind === 'run' && parsed.config.allowedAddresses?.map(({ text }) => text)).toEqual([
      'http://p:9090',
      'https://*.example.com/a',
    ]);
  });

  it.each<[string, string, Environment, readonly string[]]>([
    [
      'no command',
      '',
      {},
      ['command: is missing. Write sluice dev|webhook|controller; sluice --help tells what each does.'],
    ],
    [
      'an unknown command',
      'serve',
      {},
      [
        'command "serve": must be one of dev, webhook, controller. Write sluice dev|webhook|controller; sluice --help tells what each does.',
      ],
    ],
    [
      'an unknown flag before the command',
      '--colour red dev',
      {},
      ['--colour: there is no such flag. See sluice dev --help.'],
    ],
    ['a flag with one dash', 'dev -port 1', {}, ['-port: must begin with two dashes. Write --port.']],
    ['an unknown flag', 'dev --colour red', {}, ['--colour: there is no such flag. See sluice dev --help.']],
    [
      'a flag that is nearly one',
      'controller --workrs 3',
      {},
      ['--workrs: there is no such flag. Did you mean --workers? See sluice controller --help.'],
    ],
    [
      "another command's flag",
      'controller --port 1',
      {},
      ['--port: is for dev and webhook, not for controller. Leave it out. See sluice controller --help.'],
    ],
    ['a flag twice', 'dev --port 1 --port 2', {}, ['--port "2": is there twice. Keep one of the two.']],
    [
      'a flag at the end without value',
      'dev --port',
      {},
      ['--port: needs a value. Write --port VALUE or --port=VALUE.'],
    ],
    [
      'a flag before a flag without value',
      'dev --port --workers 2',
      {},
      ['--port: needs a value. Write --port VALUE or --port=VALUE.'],
    ],
    [
      'a word too many',
      'dev now',
      {},
      ['argument "now": is one too many: a value belongs to a flag. See sluice dev --help.'],
    ],
    [
      'a number out of range',
      'dev --workers 65',
      {},
      ['--workers "65": must be a whole number from 1 to 64. Write --workers 1, or set SLUICE_WORKERS.'],
    ],
    [
      'a negative number',
      'dev --workers -1',
      {},
      ['--workers "-1": must be a whole number from 1 to 64. Write --workers 1, or set SLUICE_WORKERS.'],
    ],
    [
      'the variable that is wrong, by its name',
      'dev',
      { SLUICE_LOG_LEVEL: 'loud' },
      [
        'SLUICE_LOG_LEVEL "loud": must be one of trace, debug, info, warn, error, fatal, silent. Write --log-level trace, or set SLUICE_LOG_LEVEL.',
      ],
    ],
  ])('complains about %s', (_case, line, env, expected) => expect(complaints(line, env)).toEqual(expected));

  it.each([
    ['a port', 'dev --port 65536'],
    ['a port in words', 'dev --port https'],
    ['a namespace', 'dev --namespace Shop'],
    ['a namespace of 64 letters', `dev --namespace ${'a'.repeat(64)}`],
    ['an address without scheme', 'dev --prometheus prometheus:9090'],
    ['an address of another scheme', 'dev --prometheus ftp://p'],
    ['an address with a query', 'dev --prometheus http://p?x=1'],
    ['an address that policies may name', 'controller --allowed-addresses p:9090'],
    ['one of several', 'controller --allowed-addresses http://p:9090,https://*'],
    ['an address too few', `${webhook} --allowed-addresses http://p:9090,`],
    ['an address that nobody may name', 'dev --allowed-addresses http://169.254.169.254'],
    ['a host with a port', 'dev --host 127.0.0.1:80'],
    ['a host with a path', 'dev --host a/b'],
    ['a failure policy', 'dev --failure-policy ignore'],
    ['a name without namespace', webhook.replace('sluice/cert', 'cert')],
    ['a name in three parts', webhook.replace('sluice/cert', 'a/b/c')],
    ['an empty path', 'dev --kubeconfig='],
  ])('refuses a wrong form of %s', (_case, line) => expect(complaints(line)).toHaveLength(1));

  it('tells what is required', () =>
    expect(complaints('webhook')).toEqual([
      '--certificate-secret: is missing; it must be a namespace and a name with a / between. Write --certificate-secret sluice-system/sluice-webhook-certificate, or set SLUICE_CERTIFICATE_SECRET.',
      '--service: is missing; it must be a namespace and a name with a / between. Write --service sluice-system/sluice-webhook, or set SLUICE_SERVICE.',
    ]));

  it('reports everything at once', () =>
    expect(complaints('dev --port x --colour red', { SLUICE_WORKERS: '0', SLUICE_HOST: 'a b' })).toHaveLength(4));

  it.each(['--help', '-h', 'dev --help', 'dev --port x -h'])('helps instead of running: %s', (line) =>
    expect(parseConfig(line.split(' '), {}).kind).toBe('help'),
  );
});

describe('the texts made from the table', () => {
  it('help of a command lists exactly its flags', () => {
    for (const command of commands) {
      const listed = [...helpText(command).matchAll(/^ {2}--([a-z-]+) /gm)].map(([, flag]) => flag);
      const taken = Object.values<Setting>(settings).filter((setting) => setting.commands.includes(command));
      expect(listed).toEqual(taken.map(({ flag }) => flag));
    }
  });

  it('help without a command tells what there is', () => {
    for (const command of commands) expect(helpText()).toContain(`  ${command} `);
  });

  it('the page has one row per setting, each with as many cells as the head', () => {
    const rows = settingsPage()
      .split('\n')
      .filter((line) => line.startsWith('|'));
    expect(rows).toHaveLength(Object.keys(settings).length + 2);
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(8);
  });

  it.each(Object.values<Setting>(settings))(
    'the default and the example of --$flag are allowed',
    ({ form, absent }) => {
      expect(form.read(form.example)).toBeDefined();
      if (typeof absent === 'object')
        for (const text of [absent.default, absent.dev ?? absent.default]) expect(form.read(text)).toBeDefined();
    },
  );
});
