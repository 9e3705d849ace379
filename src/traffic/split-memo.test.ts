import { describe, expect, it } from '@jest/globals';
import type { KubeObject } from '../values/kube-object.ts';
import { splitAnnotation } from '../schema/annotations.ts';
import { readMemo, writeMemo } from './split-memo.ts';

const route = (annotations?: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Route',
  metadata: annotations === undefined ? { name: 'r' } : { name: 'r', annotations },
});
const memo = { canary: 5, release: 'web-7', weights: { a: null, b: 3 } };

describe('the memory of a split', () => {
  it('is read as it was written, by apex', () => {
    const both = writeMemo(writeMemo(route(), 'web', memo), 'api', { canary: 9, release: 'api-2', weights: {} });
    expect(readMemo(both, 'web')).toEqual(memo);
    expect(readMemo(both, 'api')).toEqual({ canary: 9, release: 'api-2', weights: {} });
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
      canary: 0,
      release: '',
      weights: { b: 2 },
    });
  });
});
