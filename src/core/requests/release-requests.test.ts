import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { requestKey } from '../../schema/annotations.ts';
import type { Labels } from '../../values/kube-object.ts';
import { answeredKeys, mostRequests, openRequests, requestsOf, withAnswer } from './release-requests.ts';

const on = (annotations: Labels) => ({ metadata: { name: 'web-5', annotations } });
const of = (requests: { readonly [id: string]: object }): Labels =>
  Object.fromEntries(Object.entries(requests).map(([id, fields]) => [requestKey(id), JSON.stringify(fields)]));

describe('requestsOf', () => {
  it('reads all, oldest first', () => {
    const annotations = of({
      b: { verb: 'promote', by: 'bob', at: '2026-01-01T00:00:02.000Z', extra: 1 },
      c: { verb: 'abort', by: 'carol', at: '2026-01-01T00:00:01.000Z', reason: 'no' },
      a: { verb: 'retry', by: 'alice', at: '2026-01-01T00:00:02.000Z' },
      unsigned: { verb: 'abort' },
    });
    expect(requestsOf(on({ ...annotations, other: 'x' }))).toEqual([
      { id: 'unsigned', verb: 'abort' },
      { id: 'c', verb: 'abort', by: 'carol', at: '2026-01-01T00:00:01.000Z', reason: 'no' },
      { id: 'a', verb: 'retry', by: 'alice', at: '2026-01-01T00:00:02.000Z' },
      { id: 'b', verb: 'promote', by: 'bob', at: '2026-01-01T00:00:02.000Z' },
    ]);
  });

  it.each<[string, Labels]>([
    ['no JSON', { [requestKey('a')]: 'abort' }],
    ['no verb', of({ a: {} })],
    ['a verb that is not known', of({ a: { verb: 'explode' } })],
    ['a verb that every object has', of({ a: { verb: 'constructor' } })],
    ['an id that none can have', of({ A_1: { verb: 'abort' } })],
    ['no id', { 'sluice.dev/request': '{"verb":"abort"}' }],
  ])('leaves out what the webhook refuses: %s', (_, annotations) => expect(requestsOf(on(annotations))).toEqual([]));

  it('never throws, and never gives more than there may be', () =>
    fc.assert(
      fc.property(fc.dictionary(fc.string().map(requestKey), fc.oneof(fc.string(), fc.json())), (annotations) => {
        expect(requestsOf(on(annotations)).length).toBeLessThanOrEqual(mostRequests);
      }),
    ));
});

describe('answers', () => {
  const ids = (count: number, from = 0): readonly { readonly id: string }[] =>
    Array.from({ length: count }, (_, i) => ({ id: `r${from + i}` }));

  it('close the requests they name', () => {
    expect(openRequests(ids(3), [{ id: 'r1' }])).toEqual([{ id: 'r0' }, { id: 'r2' }]);
    expect(openRequests(ids(2))).toEqual(ids(2));
  });

  it('say which annotations may go', () =>
    expect(answeredKeys(on(of({ a: {}, b: {} })), [{ id: 'gone' }, { id: 'b' }])).toEqual([requestKey('b')]));

  it('are kept up to a number, the newest', () =>
    expect(withAnswer(ids(3), { id: 'r3' }, { present: [], most: 3 })).toEqual(ids(3, 1)));

  it('are kept while their requests are there, since they would be carried out again', () =>
    expect(withAnswer(ids(3), { id: 'r3' }, { present: [{ id: 'r0' }, { id: 'r3' }], most: 3 })).toEqual([
      { id: 'r0' },
      { id: 'r2' },
      { id: 'r3' },
    ]));

  it('come once for each request, in whatever order requests come and go', () =>
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(mostRequests - 1)), { maxLength: 200 }), (moves) => {
        let present: readonly { readonly id: string }[] = [];
        let answers: readonly { readonly id: string }[] = [];
        const carriedOut: string[] = [];
        for (const [i, [asks, which]] of moves.entries()) {
          if (!asks) present = present.filter((_, at) => at !== which);
          else if (present.length < mostRequests) present = [...present, { id: `r${i}` }];
          const [open] = openRequests(present, answers);
          if (open === undefined) continue;
          carriedOut.push(open.id);
          answers = withAnswer(answers, open, { present, most: mostRequests });
          expect(answers.length).toBeLessThanOrEqual(mostRequests);
        }
        expect(new Set(carriedOut).size).toBe(carriedOut.length);
      }),
    ));
});
