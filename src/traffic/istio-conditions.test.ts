import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../values/kube-object.ts';
import type { Match } from '../values/split.ts';
import { joinBlock } from './istio-conditions.ts';

const never = { is: 'never' };
const block = (joined: JsonObject): object => ({ is: 'block', block: joined });
const header = (text: JsonObject): JsonObject => ({ headers: { 'x-user': text } });

describe('a condition of a split', () => {
  it.each<readonly [string, Match, JsonObject]>([
    ['a header, in lower case', { headers: { 'X-User': { exact: 'a' } } }, header({ exact: 'a' })],
    ['a suffix is quoted', { headers: { 'x-user': { suffix: '.a(1)' } } }, header({ regex: '.*\\.a\\(1\\)' })],
    ['an empty prefix', { headers: { 'x-user': { prefix: '' } } }, header({ regex: '.*' })],
    ['a parameter without a value', { query: { debug: { exact: '' } } }, { queryParams: { debug: { exact: '' } } }],
    ['a prefix of a parameter', { query: { v: { prefix: '2.' } } }, { queryParams: { v: { regex: '2\\..*' } } }],
    [
      'a cookie',
      { cookies: { 'a.b': { exact: '1+1' } } },
      { headers: { cookie: { regex: '^(.*?;\\s*)?a\\.b=1\\+1(;.*)?$' } } },
    ],
    [
      'the prefix of a cookie ends with the cookie',
      { cookies: { arm: { prefix: 'b' } } },
      { headers: { cookie: { regex: '^(.*?;\\s*)?arm=b[^;]*(;.*)?$' } } },
    ],
    ['labels of the caller', { sourceLabels: { app: 'a' } }, { sourceLabels: { app: 'a' } }],
  ])('%s', (_case, match, said) => expect(joinBlock({}, match)).toEqual(block(said)));
});

describe('two conditions on one header', () => {
  it.each<readonly [JsonObject, JsonObject, object | string]>([
    [{ exact: 'a' }, { exact: 'a' }, { exact: 'a' }],
    [{ exact: 'a' }, { exact: 'b' }, never],
    [{ prefix: 'a' }, { exact: 'ab' }, { exact: 'ab' }],
    [{ prefix: 'b' }, { exact: 'ab' }, never],
    [{ exact: 'ab' }, { prefix: 'a' }, { exact: 'ab' }],
    [{ exact: 'ab' }, { prefix: 'b' }, never],
    [{ prefix: 'a' }, { prefix: 'ab' }, { prefix: 'ab' }],
    [{ prefix: 'ab' }, { prefix: 'a' }, { prefix: 'ab' }],
    [{ prefix: 'a' }, { prefix: 'b' }, never],
    [{}, { exact: 'a' }, { exact: 'a' }],
    [{ regex: '*' }, { regex: 'a.' }, { regex: 'a.' }],
    [{ regex: 'a.' }, { regex: 'a.' }, { regex: 'a.' }],
    [{ regex: 'a.' }, { exact: 'ab' }, 'unsayable'],
    [{ prefix: 'a' }, { regex: 'a.' }, 'unsayable'],
  ])('%j and %j', (written, asked, joined) => {
    const found = joinBlock({ headers: { 'X-USER': written } }, { headers: { 'x-user': asked as never } });
    if (joined === 'unsayable')
      expect(found).toMatchObject({ is: 'unsayable', at: 'headers.X-USER', asked: JSON.stringify(asked), written });
    else expect(found).toEqual(joined === never ? never : block({ headers: { 'X-USER': joined as JsonObject } }));
  });

  it.each<readonly [string, JsonObject, Match, string]>([
    ['two cookies', {}, { cookies: { a: { exact: '1' }, b: { exact: '1' } } }, 'headers.cookie'],
    [
      'a cookie beside the whole header',
      {},
      { headers: { cookie: { exact: 'a' } }, cookies: { a: { exact: '1' } } },
      'headers.cookie',
    ],
    ['a pattern for a cookie', {}, { cookies: { a: { regex: '.*' } } }, 'headers.cookie'],
    ['labels beside gateways', { gateways: ['mesh'] }, { sourceLabels: { app: 'a' } }, 'gateways'],
  ])('%s cannot be said', (_case, written, match, at) =>
    expect(joinBlock(written, match)).toMatchObject({ is: 'unsayable', at }),
  );

  it.each<readonly [string, JsonObject, Match]>([
    ['other labels', { sourceLabels: { app: 'b' } }, { sourceLabels: { app: 'a' } }],
    ['a gateway, whose callers have no labels', { gateways: ['public'] }, { sourceLabels: { app: 'a' } }],
    [
      'one that cannot be said and one that no request meets',
      { headers: { a: { regex: 'x' }, b: { exact: '1' } } },
      { headers: { a: { exact: 'x' }, b: { exact: '2' } } },
    ],
  ])('%s: no request fits', (_case, written, match) => expect(joinBlock(written, match)).toEqual(never));
});
