import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../values/kube-object.ts';
import { splitAnnotation } from '../schema/annotations.ts';
import { percent } from '../values/percent.ts';
import { noSplit, type Split } from '../values/split.ts';
import { readMemo, writeMemo } from './split-memo.ts';

const route = (annotations?: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Route',
  metadata: annotations === undefined ? { name: 'r' } : { name: 'r', annotations },
});
const memo = { split: { weight: percent(5) }, release: 'web-7', weights: { a: null, b: 3 } };

describe('the memory of a split', () => {
  it('is read as it was written, by apex', () => {
    const split: Split = {
      weight: percent(9),
      match: [{ headers: { 'x-user': { exact: 'beta' } }, sourceLabels: { app: 'shop' } }],
      mirror: percent(10),
      sticky: { cookie: 'arm', ttl: 60_000 },
    };
    const both = writeMemo(writeMemo(route(), 'web', memo), 'api', { split, release: 'api-2', weights: {} });
    expect(readMemo(both, 'web')).toEqual(memo);
    expect(readMemo(both, 'api')).toEqual({ split, release: 'api-2', weights: {} });
    expect(readMemo(both, 'cart')).toBeUndefined();
  });

  it.each([
    ['no annotations', undefined],
    ['an empty map', {}],
    ['annotations of others', { note: 'by hand' }],
  ])('leaves a route with %s as it found it', (_case, annotations) => {
    const found = route(annotations);
    const during = writeMemo(writeMemo(found, 'web', memo), 'api', memo);
    expect(writeMemo(writeMemo(during, 'web', undefined), 'api', undefined)).toEqual(found);
    expect(writeMemo(found, 'web', undefined)).toBe(found);
  });

  it('keeps a map that somebody filled meanwhile', () => {
    const during = writeMemo(route(), 'web', memo);
    const edited = route({ ...during.metadata.annotations, note: 'new' });
    expect(writeMemo(edited, 'web', undefined)).toEqual(route({ note: 'new' }));
  });

  it.each([
    ['no JSON', 'oops'],
    ['no object', '[]'],
    ['another shape', '{"services":[]}'],
    ['a null', 'null'],
  ])('counts as none when it is %s, and goes all the same', (_case, text) => {
    const broken = route({ [splitAnnotation]: text, note: 'by hand' });
    expect(readMemo(broken, 'web')).toBeUndefined();
    expect(writeMemo(broken, 'web', undefined)).toEqual(route({ note: 'by hand' }));
  });

  it('leaves out what it cannot use', () => {
    const text = '{"services":{"web":{"canary":"much","weights":{"a":"x","b":2}}}}';
    expect(readMemo(route({ [splitAnnotation]: text }), 'web')).toEqual({
      split: noSplit,
      release: '',
      weights: { b: 2 },
    });
  });

  it('is read as versions wrote it for which a split was a weight', () => {
    const text = '{"services":{"web":{"canary":20,"release":"web-7","weights":{"a":1}}}}';
    expect(readMemo(route({ [splitAnnotation]: text }), 'web')).toEqual({
      split: { weight: 20 },
      release: 'web-7',
      weights: { a: 1 },
    });
  });

  it.each([
    ['a weight that is none', { weight: 101 }],
    ['something no version knows', { weight: 5, shadow: true }],
    ['a match in another shape', { weight: 5, match: [{ headers: { a: 'b' } }] }],
    ['a match on two things at once', { weight: 5, match: [{ headers: { a: { exact: 'b', regex: 'c' } } }] }],
    ['an empty list of matches', { weight: 5, match: [] }],
    ['a share of copies that is none', { weight: 5, mirror: 'all' }],
    ['half a session', { weight: 5, sticky: { cookie: 'arm' } }],
  ])('asks for nothing where it holds %s: half a split is another', (_case, split) => {
    const text = JSON.stringify({ services: { web: { split } } });
    expect(readMemo(route({ [splitAnnotation]: text }), 'web')?.split).toEqual(noSplit);
  });
});
