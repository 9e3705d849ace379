import { describe, expect, it } from '@jest/globals';
import { importFindings } from './import-rules.ts';
import { purityFindings } from './purity-rules.ts';
import { isTest, sourceFiles } from './source-tree.ts';

const sources = sourceFiles('src').filter((file) => !isTest(file.path));

describe('the source tree', () => {
  it('is found at all', () => expect(sources.map((file) => file.path)).toContain('src/values/kube-object.ts'));

  it('imports inwards only', () => expect(sources.flatMap(importFindings)).toEqual([]));

  it('has no default exports, no barrels, one reader of the environment, and a core without time or chance', () =>
    expect(sources.flatMap(purityFindings)).toEqual([]));
});

describe('an import that points the wrong way is found', () => {
  it.each([
    ['core of a port', 'src/core/release/step.ts', "import type { Clock } from '../../ports/clock.ts';"],
    ['core of an adapter, as a type', 'src/core/x.ts', "type A = import('../kube/api.ts').Api;"],
    ['core of the file system', 'src/core/x.ts', "import { readFileSync } from 'node:fs';"],
    ['the schema of behaviour in core', 'src/schema/x.ts', "import { step } from '../core/release/step.ts';"],
    ['a traffic provider of the cluster', 'src/traffic/istio.ts', "import { api } from '../kube/api.ts';"],
    ['a traffic provider of a metric source', 'src/traffic/istio.ts', "export * from '../metrics/memory.ts';"],
    ['who asks of the source that is asked', 'src/outside/lane.ts', "import { m } from '../metrics/index.ts';"],
    ['core of who asks', 'src/core/questions/merge.ts', "import { Lane } from '../../outside/lane.ts';"],
    ['the controller of an adapter', 'src/controller/x.ts', "await import('../traffic/istio.ts');"],
    ['the plugin of the configuration', 'src/cli/status.ts', "import { read } from '../config/config.ts';"],
    ['anybody of the composition root', 'src/webhook/x.ts', "import { main } from '../main.ts';"],
    ['product code of test support', 'src/webhook/x.ts', "import { a } from '../support/a.ts';"],
    [
      'the Kubernetes client outside its adapter',
      'src/cli/x.ts',
      "import { KubeConfig } from '@kubernetes/client-node/dist/config.js';",
    ],
    ['the process module outside the configuration', 'src/kube/x.ts', "import { env } from 'node:process';"],
  ])('%s', (_case, path, text) => expect(importFindings({ path, text })).toHaveLength(1));

  it.each([
    ['core of the schema', 'src/core/x.ts', "import { group } from '../schema/names.ts';"],
    ['the schema of a value', 'src/schema/x.ts', "import type { Problem } from '../values/problem.ts';"],
    ['core hashing', 'src/core/x.ts', "import { createHash } from 'node:crypto';"],
    ['the program of everything', 'src/main.ts', "import { api } from './kube/api.ts';"],
    ['the plugin of the port', 'src/cli/status.ts', "import { ClusterError } from '../ports/cluster.ts';"],
    [
      'the version from the manifest',
      'src/config/x.ts',
      "import data from '../../package.json' with { type: 'json' };",
    ],
  ])('and one that points inwards is not: %s', (_case, path, text) =>
    expect(importFindings({ path, text })).toEqual([]),
  );
});

describe('what the design forbids is found', () => {
  it.each([
    ['a default export', 'src/kube/x.ts', 'export default 1;'],
    ['a default export by name', 'src/kube/x.ts', 'const a = 1; export { a as default };'],
    ['a default function', 'src/kube/x.ts', 'export default function f() {}'],
    ['a file of nothing but re-exports', 'src/kube/all.ts', "export * from './a.ts';\nexport { b } from './b.ts';"],
    ['an index file', 'src/controller/index.ts', 'export const a = 1;'],
    ['the environment', 'src/webhook/x.ts', 'const home = process.env.HOME;'],
    ['the environment by another spelling', 'src/webhook/x.ts', "const { env } = { env: process['env'] };"],
    ['the clock in core', 'src/core/x.ts', 'const at = Date.now();'],
    ['the date in core', 'src/core/x.ts', 'const at = new Date();'],
    ['a timer in core', 'src/core/x.ts', 'setTimeout(() => undefined, 1);'],
    ['chance in core', 'src/core/x.ts', 'const n = Math.random();'],
  ])('%s', (_case, path, text) => expect(purityFindings({ path, text })).toHaveLength(1));

  it.each([
    ['a provider map', 'src/traffic/index.ts', "export { istio } from './istio.ts';"],
    ['the environment in its reader', 'src/config/x.ts', 'const home = process.env.HOME;'],
    ['a date of a given instant in core', 'src/core/x.ts', 'const text = new Date(at).toISOString();'],
    ['the words in a comment', 'src/core/x.ts', '// not Date.now() and not process.env\nexport const a = 1;'],
  ])('and what it allows is not: %s', (_case, path, text) => expect(purityFindings({ path, text })).toEqual([]));
});
