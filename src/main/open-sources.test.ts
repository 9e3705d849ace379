import { describe, expect, it } from '@jest/globals';
import { openSources } from './open-sources.ts';

describe('the source a policy means', () => {
  it('is the one Sluice was started with, unless the policy has an address', () => {
    const open = openSources('http://one:9090');
    const byDefault = open({ kind: 'prometheus' });
    expect(open({ kind: 'prometheus', address: 'http://one:9090' })).toBe(byDefault);
    expect(open({ kind: 'prometheus', address: 'http://two:9090' })).not.toBe(byDefault);
  });

  it('is the same every time, so that its bounds hold', () => {
    const open = openSources(undefined);
    const address = 'http://one:9090';
    expect(open({ kind: 'prometheus', address })).toBe(open({ kind: 'prometheus', address }));
  });

  it('is none where neither has an address', () =>
    expect(openSources(undefined)({ kind: 'prometheus' })).toBeUndefined());

  it('is opened anew after very many others, so that a stream of addresses is not kept', () => {
    const open = openSources(undefined);
    const first = open({ kind: 'prometheus', address: 'http://first' });
    for (let i = 0; i < 256; i += 1) open({ kind: 'prometheus', address: `http://${i}` });
    expect(open({ kind: 'prometheus', address: 'http://first' })).not.toBe(first);
  });
});
