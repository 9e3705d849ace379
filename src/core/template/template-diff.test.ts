import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Json, JsonObject, PodTemplate } from '../../values/kube-object.ts';
import { restartedAt, restartOnly } from './restart-only.ts';
import { templateDiff } from './template-diff.ts';
import { templateHash } from './template-hash.ts';

const template = (
  container: JsonObject = {},
  spec: JsonObject = {},
  metadata: PodTemplate['metadata'] = {},
): PodTemplate => ({
  metadata: { labels: { app: 'web' }, ...metadata },
  spec: { containers: [{ name: 'app', image: 'web:1', ...container }], ...spec },
});
const base = template(
  {
    env: [
      { name: 'A', value: 'secret' },
      { name: 'B', value: '$(A)' },
    ],
  },
  { volumes: [{ name: 'v', emptyDir: {} }] },
);
const env = base.spec!['containers'] as readonly { readonly env: readonly Json[] }[];
const [a, b] = env[0]!.env as [Json, Json];
const changed = (container: JsonObject, spec: JsonObject = {}, metadata: PodTemplate['metadata'] = {}): PodTemplate =>
  template({ env: [a, b], ...container }, { volumes: [{ name: 'v', emptyDir: {} }], ...spec }, metadata);

describe('what changed is said in a line each', () => {
  it.each<[string, PodTemplate, readonly string[]]>([
    ['nothing', base, []],
    ['an image', changed({ image: 'web:2' }), ['image of container app: web:1 → web:2']],
    ['a variable more', changed({ env: [a, b, { name: 'LOG', value: 'x' }] }), ['env LOG in app: added']],
    ['a variable less', changed({ env: [a] }), ['env B in app: removed']],
    [
      'a variable, whose value stays secret',
      changed({ env: [{ name: 'A', value: 'token' }, b] }),
      ['env A in app: changed'],
    ],
    ['the order of variables that refer to each other', changed({ env: [b, a] }), ['order of env in app: changed']],
    ['a command', changed({ command: ['run'] }), ['command of container app: changed']],
    [
      'a second container',
      template(
        { env: [a, b] },
        { volumes: base.spec!['volumes'], containers: [...(base.spec!['containers'] as Json[]), { name: 'log' }] },
      ),
      ['container log: added'],
    ],
    ['an init container', changed({}, { initContainers: [{ name: 'migrate' }] }), ['init container migrate: added']],
    ['a volume', changed({}, { volumes: [{ name: 'v', configMap: { name: 'c' } }] }), ['volume v: changed']],
    ['a scalar of the pod', changed({}, { serviceAccountName: 'web' }), ['serviceAccountName: added']],
    ['a structure of the pod', changed({}, { affinity: { nodeAffinity: {} } }), ['affinity: added']],
    ['a label', changed({}, {}, { labels: { app: 'web', track: 'x' } }), ['label track: added']],
    ['a label with another value', changed({}, {}, { labels: { app: 'shop' } }), ['label app: web → shop']],
    ['an annotation', changed({}, {}, { annotations: { 'a/b': 'c' } }), ['annotation a/b: added']],
    [
      'a restart',
      changed({}, {}, { annotations: { [restartedAt]: '2026-01-01T00:00:00Z' } }),
      ['restarted by kubectl'],
    ],
    [
      'two things',
      changed({ image: 'web:2', command: ['run'] }),
      ['image of container app: web:1 → web:2', 'command of container app: changed'],
    ],
    ['a variable of the same name twice', changed({ env: [a, a, b] }), ['pod template: changed']],
  ])('%s', (_case, other, lines) => expect(templateDiff(base, other)).toEqual(lines));

  it('without the values of annotations, which may be tokens', () => {
    const withToken = (token: string): PodTemplate => changed({}, {}, { annotations: { token } });
    expect(templateDiff(withToken('old-secret'), withToken('new-secret'))).toEqual(['annotation token: changed']);
    expect(templateDiff(withToken('old-secret'), base)).toEqual(['annotation token: removed']);
  });

  it('counts what does not fit', () => {
    const many = changed({ env: Array.from({ length: 12 }, (_, i) => ({ name: `V${i}`, value: '1' })) });
    expect(templateDiff(base, many, 3)).toEqual([
      'env A in app: removed',
      'env B in app: removed',
      'env V0 in app: added',
      'and 11 more',
    ]);
  });

  it('keeps each line short and printable whatever people wrote', () => {
    const [line] = templateDiff(base, changed({ image: `x\n\u0000${'y'.repeat(5000)}` }));
    expect(line!.length).toBeLessThan(200);
    expect(line).not.toMatch(/\p{Cc}/u);
    const [named] = templateDiff(base, changed({ env: [a, b, { name: `X\r\n${'y'.repeat(5000)}` }] }));
    expect(named!.length).toBeLessThan(250);
    expect(named).not.toMatch(/\p{Cc}/u);
  });

  it('is empty exactly when the hashes are equal', () => {
    const someContainers = fc.array(
      fc.record({
        name: fc.constantFrom('app', 'log'),
        image: fc.constantFrom('a', 'b'),
        env: fc.array(fc.record({ name: fc.constantFrom('X', 'Y'), value: fc.constantFrom('1', '2') }), {
          maxLength: 3,
        }),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(someContainers, someContainers, (x, y) => {
        const [one, other] = [template({}, { containers: x }), template({}, { containers: y })];
        expect(templateDiff(one, other).length === 0).toBe(templateHash(one) === templateHash(other));
      }),
    );
  });
});

describe('a restart alone', () => {
  const restarted = (at: string, container: JsonObject = {}): PodTemplate =>
    changed(container, {}, { annotations: { [restartedAt]: at } });

  it.each<[string, PodTemplate, PodTemplate, boolean]>([
    ['the first restart', base, restarted('1'), true],
    ['a later restart', restarted('1'), restarted('2'), true],
    ['going back to before the restart', restarted('1'), base, true],
    ['the same template', restarted('1'), restarted('1'), false],
    ['a restart and an image', base, restarted('1', { image: 'web:2' }), false],
    ['an image', base, changed({ image: 'web:2' }), false],
  ])('%s', (_case, x, y, only) => expect(restartOnly(x, y)).toBe(only));
});
