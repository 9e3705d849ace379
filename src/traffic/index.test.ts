import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { refKey } from '../values/kube-object.ts';
import { providerNames } from '../schema/providers.ts';
import { routeFormats, trafficProviders, trafficRunners, usedKinds } from './index.ts';

describe('the map of providers', () => {
  it('has the names that policies may give, in their order', () => {
    expect(Object.keys(trafficProviders)).toEqual(providerNames);
    expect(Object.values(trafficRunners).map(({ name }) => name)).toEqual(providerNames);
  });

  it.each(providerNames)('has a page about %s', (name) => {
    const page = name === 'linkerd' ? 'smi' : name;
    expect(existsSync(join(import.meta.dirname, `../../docs/providers/${page}.md`))).toBe(true);
  });

  it('has one format for each kind whose routes are adopted', () => {
    const adopted = usedKinds
      .filter(({ access }) => access.includes('adopt'))
      .map(({ gvk }) => refKey({ gvk, name: '' }));
    expect(routeFormats.map(({ gvk }) => refKey({ gvk, name: '' })).sort()).toEqual(adopted.sort());
  });

  it('has none that cannot split by weight', () => {
    for (const { can } of Object.values(trafficProviders)) expect([...can.features]).toContain('weight');
  });
});
