import { describe, expect, it } from '@jest/globals';
import { byKind, missingKinds, type KindUse } from './kind-use.ts';
import { gvk } from './kube-object.ts';
import type { Feature } from './split.ts';

const route = gvk('example.dev/v1', 'Route', 'routes');
const old = gvk('example.dev/v1beta1', 'Route', 'routes');
const rules = gvk('example.dev/v1', 'Rules', 'rules');
const use = (more: Partial<KindUse>): KindUse => ({ gvk: route, access: ['adopt'], needed: 'always', ...more });

describe('kinds that several providers use', () => {
  it('are one each, whatever the version, with everything that is done', () => {
    const uses = [
      use({ access: ['read'], needed: ['mirror'] }),
      use({ gvk: rules, access: ['own'], needed: ['sticky'] }),
      use({ gvk: old, access: ['adopt', 'own'] }),
      use({ gvk: rules, access: ['read'], needed: ['mirror', 'sticky'] }),
    ];
    expect(byKind(uses)).toEqual([
      { gvk: route, access: ['read', 'adopt', 'own'], needed: 'always' },
      { gvk: rules, access: ['own', 'read'], needed: ['sticky', 'mirror'] },
    ]);
  });
});

describe('a kind that is not served', () => {
  const uses = [use({}), use({ gvk: rules, needed: ['mirror', 'sticky'] })];

  it.each<[string, readonly Feature[], readonly string[]]>([
    ['is missing where it is always needed', ['weight'], ['Route (example.dev/v1)']],
    [
      'is missing where a feature that needs it is asked for',
      ['weight', 'sticky'],
      ['Route (example.dev/v1)', 'Rules (example.dev/v1)'],
    ],
  ])('%s', (_case, asked, missing) => expect(missingKinds(uses, new Set(asked), () => false)).toEqual(missing));

  it('is none that is served', () =>
    expect(missingKinds(uses, new Set(['mirror']), ({ kind }) => kind === 'Rules')).toEqual([
      'Route (example.dev/v1)',
    ]));
});
