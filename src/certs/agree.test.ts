import { beforeAll, describe, expect, it } from '@jest/globals';
import { agree, type Agreement } from './agree.ts';
import { newPrivateKey } from './key-pair.ts';
import { certificatesIn, due, renewed, trustBundle, trusts, type Material } from './material.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 0, 1);
const names = { dnsNames: ['sluice-webhook.sluice-system.svc'], ips: [] };
const lifetimes = { authority: 300, serving: 30 };

let keys: readonly string[];
let one: Material;
let other: Material;
/** The authority of `one`, with a certificate issued half its lifetime later. */
let later: Material;

const make = (material: Material | undefined, at: number, k: number): Material =>
  renewed({ material, names, now: at, lifetimes, keys: { authority: keys[k] ?? '', serving: keys[k + 1] ?? '' } });

beforeAll(async () => {
  keys = await Promise.all(Array.from({ length: 5 }, newPrivateKey));
  one = make(undefined, now, 0);
  other = make(undefined, now, 2);
  later = make(one, now + 25 * day, 3);
}, 60_000);

describe('what replicas agree on', () => {
  const nonsense: Material = { authority: { cert: 'x', key: 'y' }, serving: { cert: 'x', key: 'y' } };
  const withOther = (): Material => ({ ...one, previous: certificatesIn(other.authority.cert).join('') });

  it.each<[string, () => Agreement, () => Agreement]>([
    [
      'nothing anywhere: all is made',
      () => agreed(undefined, undefined),
      () => ({ kind: 'renew', part: 'authority', base: undefined }),
    ],
    [
      'the stored one, by a replica that serves nothing yet',
      () => agreed(one, undefined),
      () => ({ kind: 'take', material: one }),
    ],
    [
      'the stored one, by a replica that serves the same',
      () => agreed(one, one),
      () => ({ kind: 'take', material: one }),
    ],
    ['the one in use where none is stored', () => agreed(undefined, one), () => ({ kind: 'restore', material: one })],
    [
      'the one in use where nonsense is stored',
      () => agreed(nonsense, one),
      () => ({ kind: 'restore', material: one }),
    ],
    [
      'the stored one of another authority, with ours trusted beside it',
      () => agreed(other, one),
      () => ({ kind: 'restore', material: { ...other, previous: certificatesIn(one.authority.cert).join('') } }),
    ],
    [
      'the stored one that already trusts ours',
      () => agreed(withOther(), other),
      () => ({ kind: 'take', material: withOther() }),
    ],
    [
      'a newer one in use where a backup was put back',
      () => agreed(one, later, now + 25 * day),
      () => ({ kind: 'restore', material: later }),
    ],
    [
      'a new certificate where the stored one is old',
      () => agreed(one, one, now + 25 * day),
      () => ({ kind: 'renew', part: 'serving', base: one }),
    ],
    [
      'a new certificate of our authority where the store is gone at that time',
      () => agreed(undefined, one, now + 25 * day),
      () => ({ kind: 'renew', part: 'serving', base: one }),
    ],
    [
      'a new authority where both are old, with both trusted',
      () => agreed(other, one, now + 250 * day),
      () => ({
        kind: 'renew',
        part: 'authority',
        base: { ...one, previous: certificatesIn(other.authority.cert).join('') },
      }),
    ],
    [
      'a new authority where all has expired',
      () => agreed(nonsense, one, now + 400 * day),
      () => ({ kind: 'renew', part: 'authority', base: one }),
    ],
  ])('%s', (_case, actual, expected) => expect(actual()).toEqual(expected()));

  const agreed = (stored: Material | undefined, used: Material | undefined, at = now): Agreement =>
    agree({ stored, used, names, now: at });
});

describe('an authority', () => {
  it('that is replaced several times stays trusted each time, until it expires', () => {
    const again = make(one, now + 201 * day, 2);
    const third = make(again, now + 202 * day, 0);
    expect(due(third, names, now + 202 * day)).toBe('nothing');
    const hasty = renewed({
      material: { ...again, authority: { ...again.authority, key: 'lost' } },
      names,
      now: now + 210 * day,
      lifetimes,
      keys: { authority: keys[4] ?? '', serving: keys[0] ?? '' },
    });
    const trusted = certificatesIn(trustBundle(hasty, now + 210 * day));
    expect(trusted).toEqual([hasty, again, one].flatMap(({ authority }) => certificatesIn(authority.cert)));
    expect(trusts(hasty, one.authority.cert, now + 299 * day)).toBe(true);
    expect(certificatesIn(trustBundle(hasty, now + 301 * day))).toHaveLength(2);
  });
});
