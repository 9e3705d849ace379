import { describe, expect, test } from '@jest/globals';
import type { ToolName } from './binaries/catalog.ts';
import { TOOLS } from './binaries/catalog.ts';
import type { ClusterShape } from './cluster-plan.ts';
import { planCluster, toolsFor } from './cluster-plan.ts';
import type { ComponentSpec } from './component-spec.ts';
import { layoutOf } from './layout.ts';
import { shapeOf } from './up.ts';

const layout = layoutOf('/clusters/a');

const plan = (options: Partial<ClusterShape>): ComponentSpec[] => {
  const shape = shapeOf(options);
  const tools = new Map(toolsFor(shape).map((name): [ToolName, string] => [name, `/cache/${name}`]));
  return planCluster({
    layout,
    shape,
    tools,
    crds: new Map(shape.crds.map((name) => [name, `/cache/${name}.yaml`])),
    env: {},
  });
};

describe('the plan', () => {
  test.each<[string, Partial<ClusterShape>]>([
    ['everything', {}],
    ['without a mesh', { istio: false, crds: [] }],
    ['the control plane alone', { istio: false, prometheus: false, kubelet: 'none', crds: [] }],
    ['instant pods', { kubelet: 'instant' }],
  ])('%s: every need is a component named before, every program was asked for', (_name, options) => {
    const specs = plan(options);
    specs.forEach(({ needs }, index) => {
      const before = specs.slice(0, index).map(({ name }) => name);
      expect(before).toEqual(expect.arrayContaining([...needs]));
    });
    expect(new Set(specs.map(({ logFile }) => logFile)).size).toBe(specs.length);
  });

  test('leaves out what was not asked for', () => {
    const names = plan({ istio: false, prometheus: false, kubelet: 'none' }).map(({ name }) => name);
    expect(names).toEqual(['etcd', 'kube-apiserver', 'kube-controller-manager', 'default-account']);
    expect(toolsFor(shapeOf({ istio: false, prometheus: false, kubelet: 'none' }))).not.toContain('pilot-discovery');
  });

  test('tells the kubelet how pods run', () => {
    const argv: readonly string[] = plan({ kubelet: 'instant' }).find(({ name }) => name === 'kubelet')?.argv ?? [];
    expect(argv.slice(argv.indexOf('--mode'), argv.indexOf('--mode') + 2)).toEqual(['--mode', 'instant']);
  });

  test('everything takes all of the catalogue', () => {
    expect([...toolsFor(shapeOf({}))].sort()).toEqual(TOOLS.map(({ name }) => name).sort());
  });

  test('extra flags reach the API server', () => {
    const api = plan({ apiServerArgs: ['--v=4'] }).find(({ name }) => name === 'kube-apiserver');
    expect(api?.argv).toContain('--v=4');
  });
});
