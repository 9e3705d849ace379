import { describe, expect, test } from '@jest/globals';
import { KUBERNETES_STAGING, TOOLS, toolNamed } from './catalog.ts';
import type { GoModuleRecipe } from './catalog.ts';
import { goBuildArgs, renderGoMod } from './go-build.ts';

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
