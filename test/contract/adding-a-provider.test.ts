/** Does what docs/providers/adding.md says, to the letter, in a copy of the tree; and looks at what has come of it. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { KubeObject } from '../../src/values/kube-object.ts';
import { aTarget, namespace } from './traffic-world.ts';

jest.setTimeout(240_000);

const root = join(import.meta.dirname, '../..');
const template = join(root, 'test/fixtures/provider-template');
const run = promisify(execFile);

type Block = { readonly language: string; readonly text: string };

const blocksOf = (page: string): readonly Block[] =>
  [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', text = '']) => ({ language, text }));

/** An `export const` up to its end, by its name. */
const declaration = (name: string): RegExp => new RegExp(`^export const ${name}\\b[\\s\\S]*?;\\n`, 'm');

/** A file with the imports and declarations of a block in it: those that are new, and those that take another's place. */
const edited = (source: string, block: string): string =>
  block.split(/(?<=;\n)(?=import |export const )/).reduce((text, part) => {
    const [, name] = /^export const (\w+)/.exec(part) ?? [];
    if (name === undefined) return text.replace(/^import /m, `${part}import `);
    if (!declaration(name).test(text)) throw new Error(`there is no ${name} to be changed`);
    return text.replace(declaration(name), part);
  }, source);

const copyTree = async (to: string): Promise<void> => {
  const parts = ['src', 'test', 'docs', 'charts', 'certs', 'bench', 'package.json', 'jest.config.js'];
  for (const part of [...parts, 'tsconfig.json', 'tsconfig.build.json'])
    await cp(join(root, part), join(to, part), { recursive: true });
  await symlink(await realpath(join(root, 'node_modules')), join(to, 'node_modules'));
};

let copy = '';
const said = new Map<string, string>();
const text = (path: string): Promise<string> => readFile(join(copy, path), 'utf8');
const sh = async (command: string): Promise<string> => {
  const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);
  const env = { ...process.env, PATH: path, NODE_OPTIONS: '' };
  const { stdout, stderr } = await run('sh', ['-c', command], { cwd: copy, env, maxBuffer: 1 << 26 });
  return `${stdout}${stderr}`;
};
/** What an expression over the copy's modules comes to. */
const evaluated = async (imports: readonly (readonly [names: string, path: string])[], expression: string) => {
  const lines = imports.map(([names, path]) => `import ${names} from '${pathToFileURL(join(copy, path)).href}';`);
  const script = [...lines, `process.stdout.write(JSON.stringify(${expression}));`].join('\n');
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: copy });
  return JSON.parse(stdout) as unknown;
};

beforeAll(async () => {
  copy = await mkdtemp(join(await realpath(tmpdir()), 'sluice-provider-'));
  await copyTree(copy);
  // Steps 2, 4 and 5: files of one's own.
  await cp(template, copy, { recursive: true });
  // Steps 1 and 3: lines in files that are there; and everything that is to be run.
  const page = await text('docs/providers/adding.md');
  for (const { language, text: block } of blocksOf(page)) {
    const [, path] = /^\/\/ (\S+)\n/.exec(block) ?? [];
    if (language === 'sh') said.set(block, await sh(block));
    else if (path !== undefined)
      await writeFile(join(copy, path), edited(await text(path), block.replace(/^.*\n/, '')));
  }
});
afterAll(() => rm(copy, { recursive: true, force: true }));

describe('a provider that is added as the page says', () => {
  it('changes two files, by what the page says is in them beside it', async () => {
    const page = await readFile(join(root, 'docs/providers/adding.md'), 'utf8');
    const blocks = blocksOf(page).filter(({ language }) => language === 'ts');
    expect(blocks).toHaveLength(2);
    for (const { text: block } of blocks) {
      const [, path = ''] = /^\/\/ (\S+)\n/.exec(block) ?? [];
      const [, name = ''] = /export const (\w+)/.exec(block) ?? [];
      const [now] = declaration(name).exec(await readFile(join(root, path), 'utf8')) ?? [];
      const [shown] = declaration(name).exec(block) ?? [];
      expect(shown?.replace(/(, 'example'|\n {2}example,)/, '')).toBe(now);
    }
  });

  it('compiles, and does not where the map forgets it', async () => {
    const compile =
      'node node_modules/typescript/bin/tsc -p tsconfig.build.json --noEmit --incremental --tsBuildInfoFile compiled.json';
    await expect(sh(compile)).resolves.toBe('');
    const map = await text('src/traffic/index.ts');
    await writeFile(join(copy, 'src/traffic/index.ts'), map.replace('\n  example,', ''));
    await expect(sh(compile)).rejects.toMatchObject({
      stdout: expect.stringContaining("Property 'example' is missing"),
    });
    await writeFile(join(copy, 'src/traffic/index.ts'), map);
  });

  it('passes the contract suite', () => {
    const [, contract = ''] = [...said].find(([command]) => command.includes('jest')) ?? [];
    expect(contract).toContain('the example provider');
    expect(contract).toMatch(/Tests: +1 skipped, 25 passed, 26 total/);
  });

  it('may be asked for in a policy', async () => {
    const parse = [
      ['{ parsePolicySpec }', 'src/core/policy/parse-policy.ts'],
      ['{ sourceForms as forms }', 'src/metrics/index.ts'],
    ] as const;
    expect(await evaluated(parse, "parsePolicySpec({ provider: 'example' }, { forms })")).toMatchObject({ ok: true });
    expect(await evaluated(parse, "parsePolicySpec({ provider: 'exampel' }, { forms })")).toMatchObject({
      problems: [expect.objectContaining({ rule: expect.stringContaining('kubernetes, example') })],
    });
  });

  it.each([
    ['docs/reference/providers.md', '`example`'],
    ['docs/reference/providers.md', '`TrafficRoute.example.dev` (v1): split in place, made and removed'],
    ['docs/reference/canarypolicy.md', 'one of auto, istio, linkerd, smi, kubernetes, example'],
    ['docs/reference/annotations.md', 'one of auto, istio, linkerd, smi, kubernetes, example'],
    ['charts/sluice/crds/canarypolicies.sluice.dev.yaml', '- example'],
    ['charts/sluice/templates/_roles.tpl', 'trafficroutes'],
    ['charts/sluice/templates/_roles.tpl', 'backendsettings'],
    ['charts/sluice/templates/webhook-configurations.yaml', 'trafficroutes'],
  ])('is in %s as %s', async (path, words) => expect(await text(path)).toContain(words));

  it('has its kinds watched', async () =>
    expect(
      await evaluated(
        [['{ controllerWatches }', 'src/main/watches.ts']],
        'controllerWatches(undefined).map(({ gvk }) => gvk.kind)',
      ),
    ).toEqual(expect.arrayContaining(['TrafficRoute', 'BackendSettings'])));

  const route: KubeObject = {
    apiVersion: 'example.dev/v1',
    kind: 'TrafficRoute',
    metadata: { name: 'front', namespace },
    spec: { backends: [{ service: 'web' }] },
  };
  const template = { metadata: { annotations: { 'example.dev/proxy': 'enabled' } } };
  it.each([
    ['a route of the user', { routes: [route], template: {} }, 'the TrafficRoute front sends to the Service web'],
    [
      'a proxy in the pods',
      { routes: [], template },
      'the pod template asks for an Example proxy (example.dev/proxy: enabled), and BackendSettings and TrafficRoute is served',
    ],
  ])('is found by %s', async (_sign, around, because) => {
    const given = JSON.stringify({ target: aTarget(), ...around });
    const found = await evaluated(
      [
        ['{ detectProvider }', 'src/traffic/detect.ts'],
        ['{ trafficProviders }', 'src/traffic/index.ts'],
      ],
      `detectProvider(trafficProviders)({ ...${given}, served: () => true })`,
    );
    expect(found).toEqual({ provider: 'example', because });
  });

  it('has its splits kept by the webhook', async () =>
    expect(
      await evaluated(
        [['{ routeFormats }', 'src/traffic/index.ts']],
        'routeFormats.map(({ gvk }) => [gvk.kind, gvk.version])',
      ),
    ).toEqual(expect.arrayContaining([['TrafficRoute', 'v1']])));
});
