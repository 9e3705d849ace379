import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { cached, cacheKey, cacheRoot } from '../cluster/binaries/cache.ts';
import { KUBERNETES_STAGING, TOOLS, toolNamed } from '../cluster/binaries/catalog.ts';
import type { Existing, GoModuleRecipe, ToolName } from '../cluster/binaries/catalog.ts';
import { crdFile, selectCrds } from '../cluster/binaries/crds.ts';
import { ensureTools } from '../cluster/binaries/ensure-tools.ts';
import { existingTool, versionFits } from '../cluster/binaries/existing-tool.ts';
import { digestGoSource, goBuildArgs, renderGoMod } from '../cluster/binaries/go-build.ts';
import { downloadGo, goIsUsable } from '../cluster/binaries/go-toolchain.ts';
import { about, liveProgress, plainProgress, silentProgress } from '../cluster/binaries/progress.ts';
import { runCommand, runOrFail } from '../cluster/binaries/run-command.ts';
import { waitUntil } from '../cluster/wait-until.ts';
import { inTime } from '../cluster/in-time.ts';

let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('the catalogue', () => {
  test('names each tool once and pins every version', () => {
    expect(new Set(TOOLS.map(({ name }) => name)).size).toBe(TOOLS.length);
    for (const { recipe } of TOOLS) {
      if (recipe.kind === 'go-module') expect(recipe.version).toMatch(/^v\d+\.\d+\.\d+/);
      if (recipe.kind === 'wheel')
        expect(Object.values(recipe.sha256).join(' ')).toMatch(/^[0-9a-f]{64} [0-9a-f]{64}$/);
    }
  });

  test('kubernetes is built with all 33 staging modules of the same release', () => {
    const { replace } = toolNamed('kube-apiserver').recipe as GoModuleRecipe;
    expect(KUBERNETES_STAGING).toHaveLength(33);
    expect(new Set(Object.values(replace))).toEqual(new Set(['v0.36.3']));
    expect(renderGoMod(toolNamed('kubectl').recipe as GoModuleRecipe)).toContain(
      '\tk8s.io/client-go => k8s.io/client-go v0.36.3\n',
    );
  });

  test('a module without replacements gets none', () => {
    const text = renderGoMod({ module: 'example.test/a', version: 'v1.2.3', replace: {} });
    expect(text).toBe('module sluice.test/build\n\ngo 1.26.0\n\nrequire example.test/a v1.2.3\n');
  });

  test('stamps reach the linker', () => {
    const args = goBuildArgs('/out', 'example.test/a', { 'example.test/a.version': 'v1' });
    expect(args[args.indexOf('-ldflags') + 1]).toBe('-s -w -X example.test/a.version=v1');
  });
});

describe('the cache', () => {
  test.each([
    [{ SLUICE_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' }, '/c'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, '/x/sluice'],
    [{ HOME: '/h' }, '/h/.cache/sluice'],
  ])('for %j it is at %s', (env, expected) => {
    expect(cacheRoot(env)).toBe(expected);
  });

  test('without any of the three variables it says which to set', () => {
    expect(() => cacheRoot({})).toThrow(/SLUICE_CACHE/);
  });

  test('a changed recipe has another key, also when only a pattern changed', () => {
    const keys = [{ a: 1 }, { a: 2 }, { a: /x/ }, { a: /y/ }].map((recipe) => cacheKey('tool', '1', recipe));
    expect(new Set(keys).size).toBe(4);
    expect(cacheKey('tool', '1', { a: 1 })).toBe(keys[0]);
  });

  test('an entry is made once by two that want it at the same time', async () => {
    let made = 0;
    const make = async (entry: string): Promise<void> => {
      made++;
      await writeFile(join(entry, 'tool'), 'x');
    };
    const [one, two] = await Promise.all([cached(scratch, 'k', make), cached(scratch, 'k', make)]);
    expect(one).toBe(two);
    expect(made).toBe(1);
    expect(await readFile(join(one, 'tool'), 'utf8')).toBe('x');
  });

  test('a failed one leaves no entry and no half-made files, and can be tried again', async () => {
    const fails = cached(scratch, 'k', async (entry) => {
      await writeFile(join(entry, 'half'), '');
      throw new Error('compiler says no');
    });
    await expect(fails).rejects.toThrow('compiler says no');
    expect(await readdir(scratch)).toEqual(['tmp']);
    expect(await readdir(join(scratch, 'tmp'))).toEqual(['k.lock']);
    await cached(scratch, 'k', (entry) => writeFile(join(entry, 'whole'), ''));
    expect(await readdir(join(scratch, 'k'))).toEqual(['whole']);
  });

  test('what a killed one left is swept, and its lock is free', async () => {
    const script = join(scratch, 'killed.ts');
    const module = join(import.meta.dirname, '..', 'cluster', 'binaries', 'cache.ts');
    await writeFile(
      script,
      `import { cached } from ${JSON.stringify(module)};
       await cached(process.argv[2], 'k', async () => { console.log('making'); await new Promise((r) => setTimeout(r, 1e6)); });`,
    );
    const child = spawn(process.execPath, [script, scratch], { stdio: ['ignore', 'pipe', 'ignore'] });
    await inTime('the work to begin', once(child.stdout, 'data'));
    child.kill('SIGKILL');
    expect((await readdir(join(scratch, 'tmp'))).length).toBe(2);
    await cached(scratch, 'k', (entry) => writeFile(join(entry, 'tool'), ''));
    expect(await readdir(join(scratch, 'tmp'))).toEqual(['k.lock']);
  });
});

describe('an installed copy', () => {
  const range = (name: ToolName): Existing => toolNamed(name).existing!;

  test.each([
    ['kube-apiserver', 'Kubernetes v1.36.0', true],
    ['kube-apiserver', 'Kubernetes v1.37.4', true],
    ['kube-apiserver', 'Kubernetes v1.35.9', false],
    ['etcd', 'etcd Version: 3.6.5\nGit SHA: x', true],
    ['etcd', 'etcd Version: 3.4.23', false],
    ['kubectl', 'Client Version: v1.32.4-dispatcher', false],
    ['envoy', 'envoy  version: 2c4f/1.38.1/Clean/RELEASE/BoringSSL', true],
    ['helm', 'v4.0.1+g12500dd', false],
    ['helm', 'something else', false],
  ] as const)('of %s that says %j: %s', (name, output, expected) => {
    expect(versionFits(output, range(name))).toBe(expected);
  });

  test('is taken from KUBEBUILDER_ASSETS when its version fits', async () => {
    const write = async (version: string): Promise<void> => {
      await writeFile(join(scratch, 'kube-apiserver'), `#!/bin/sh\necho Kubernetes ${version}\n`);
      await chmod(join(scratch, 'kube-apiserver'), 0o755);
    };
    const env = { PATH: process.env['PATH'], KUBEBUILDER_ASSETS: scratch };
    await write('v1.36.9');
    expect(await existingTool(toolNamed('kube-apiserver'), env)).toBe(join(scratch, 'kube-apiserver'));
    await write('v1.30.0');
    expect(await existingTool(toolNamed('kube-apiserver'), env)).toBeUndefined();
  });
});

describe('Go', () => {
  test.each([
    ['go1.26.0', 'auto', true],
    ['go1.27.1', 'local', true],
    ['go1.22.3', 'auto', true],
    ['go1.22.3', 'local', false],
    ['go1.19.8', '', false],
    ['', '', false],
  ])('%s with GOTOOLCHAIN=%s: usable %s', (version, toolchain, expected) => {
    expect(goIsUsable(version, toolchain)).toBe(expected);
  });

  const serve = async (body: Buffer) => {
    const server = createServer((_request, response) => response.end(body)).listen(0, '127.0.0.1');
    await inTime('the server to listen', once(server, 'listening'));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return { base, close: () => server.close() };
  };

  test('the official archive is unpacked when its digest is right, and not kept when it is wrong', async () => {
    await mkdir(join(scratch, 'src', 'go', 'bin'), { recursive: true });
    await writeFile(join(scratch, 'src', 'go', 'bin', 'go'), 'a toolchain');
    await runOrFail('tar', ['-czf', join(scratch, 'go.tar.gz'), '-C', join(scratch, 'src'), 'go']);
    const body = await readFile(join(scratch, 'go.tar.gz'));
    const sha256 = (await runOrFail('sha256sum', [join(scratch, 'go.tar.gz')])).split(' ')[0]!;
    const server = await serve(body);
    const { signal } = new AbortController();
    const archive = (digest: string) => {
      const file = { name: 'linux-any', sha256: digest };
      return { version: '1.26.0', base: server.base, files: { x64: file, arm64: file } };
    };
    await expect(downloadGo(join(scratch, 'c'), 'x64', signal, archive('0'.repeat(64)))).rejects.toThrow(
      /nothing was kept/,
    );
    expect(await readdir(join(scratch, 'c'))).toEqual(['tmp']);
    const go = await downloadGo(join(scratch, 'c'), 'x64', signal, archive(sha256));
    expect(await readFile(go, 'utf8')).toBe('a toolchain');
    server.close();
  });

  test('the digest of sources changes with the program and not with its tests', async () => {
    await writeFile(join(scratch, 'main.go'), 'package main');
    const before = await digestGoSource(scratch);
    await writeFile(join(scratch, 'main_test.go'), 'package main');
    expect(await digestGoSource(scratch)).toBe(before);
    await writeFile(join(scratch, 'main.go'), 'package main // changed');
    expect(await digestGoSource(scratch)).not.toBe(before);
  });
});

describe('making tools', () => {
  /** An environment whose `go` hangs in a build, and tells its process number in a file. */
  const withHangingGo = async (): Promise<NodeJS.ProcessEnv> => {
    await mkdir(join(scratch, 'bin'));
    const go = `#!/bin/sh\nif [ "$1" = env ]; then printf 'go1.26.0\\nauto\\n'; exit; fi\nsleep 1000 & echo $! > ${scratch}/pid.new; mv ${scratch}/pid.new ${scratch}/pid; wait\n`;
    await writeFile(join(scratch, 'bin', 'go'), go);
    await chmod(join(scratch, 'bin', 'go'), 0o755);
    return { PATH: `${join(scratch, 'bin')}:/usr/bin:/bin`, SLUICE_CACHE: join(scratch, 'cache') };
  };

  test('an interrupt ends the compiler with its children and leaves nothing half-built', async () => {
    const env = await withHangingGo();
    const controller = new AbortController();
    const making = ensureTools(['etcd'], [], { env, progress: silentProgress, signal: controller.signal });
    const stopped = expect(making).rejects.toThrow('interrupted here');
    const pid = await waitUntil('the build to start', () =>
      readFile(join(scratch, 'pid'), 'utf8').catch(() => undefined),
    );
    controller.abort(new Error('interrupted here'));
    await stopped;
    await waitUntil('the compiler to end', async () => (await runCommand('kill', ['-0', pid.trim()])).code !== 0);
    expect((await readdir(join(scratch, 'cache'))).filter((name) => name !== 'tmp')).toEqual([]);
    expect((await readdir(join(scratch, 'cache', 'tmp'))).every((name) => name.endsWith('.lock'))).toBe(true);
  });

  test("a failing compiler's last words are in the error", async () => {
    const env = await withHangingGo();
    const go = `#!/bin/sh\nif [ "$1" = env ]; then printf 'go1.26.0\\nauto\\n'; exit; fi\necho 'undefined: thing' >&2; exit 2\n`;
    await writeFile(join(scratch, 'bin', 'go'), go);
    const making = ensureTools(['etcd'], [], { env, progress: silentProgress, signal: new AbortController().signal });
    await expect(making).rejects.toThrow(/go build .* failed \(exit 2\):\nundefined: thing/);
  });
});

describe('custom resource definitions', () => {
  test('only definitions are kept, without prose, but a property called description stays', () => {
    const crd = (schema: string): string =>
      `kind: CustomResourceDefinition\nmetadata: {name: a.b}\nschema: ${schema}\n`;
    const text = `kind: ValidatingAdmissionPolicy\n---\n${crd('{description: long, properties: {description: {type: string, description: x}}}')}`;
    expect(parseAllDocuments(selectCrds(text)).map((document) => document.toJS() as unknown)).toEqual([
      {
        kind: 'CustomResourceDefinition',
        metadata: { name: 'a.b' },
        schema: { properties: { description: { type: 'string' } } },
      },
    ]);
  });

  test('the own definition of TrafficSplit serves each version once and stores one', async () => {
    type Version = { name: string; served: boolean; storage: boolean };
    const [crd] = parseAllDocuments(await readFile(crdFile('smi', '/unused'), 'utf8'));
    const { versions } = (crd?.toJS() as { spec: { versions: Version[] } }).spec;
    expect(versions.map(({ name, served }) => [name, served])).toEqual(
      ['v1alpha1', 'v1alpha2', 'v1alpha3', 'v1alpha4'].map((name) => [name, true]),
    );
    expect(versions.filter(({ storage }) => storage)).toHaveLength(1);
  });
});

describe('progress', () => {
  const recorder = () => {
    let text = '';
    let now = 0;
    return {
      out: { write: (more: string) => (text += more) },
      now: () => now,
      pass: (ms: number) => (now += ms),
      text: () => text,
    };
  };

  test.each([
    [30, 'about 30 s'],
    [240, 'about 4 min'],
  ])('%d seconds are %s', (seconds, expected) => {
    expect(about(seconds)).toBe(expected);
  });

  test('in a log: a line at the start and one at the end', () => {
    const { out, now, pass, text } = recorder();
    const step = plainProgress(out, now).begin('building etcd 3.6.5', 30);
    pass(12_345);
    step.done();
    expect(text()).toBe('building etcd 3.6.5 (about 30 s) …\nbuilding etcd 3.6.5: done, 12 s\n');
  });

  test('on a terminal: running steps are redrawn below the finished ones', () => {
    const { out, now, pass, text } = recorder();
    const progress = liveProgress(out, now);
    const one = progress.begin('one');
    const two = progress.begin('two');
    pass(1500);
    one.done();
    two.fail();
    const last = text().split('\u001b[J').slice(-2);
    expect(last[0]).toBe('✓ one 1.5 s\u001b[K\n  two … 1.5 s\u001b[K\n\u001b[1A\r');
    expect(last[1]).toBe('✗ two 1.5 s\u001b[K\n');
  });
});
