import { describe, expect, it } from '@jest/globals';
import { pass } from '../core/admission/admission-request.ts';
import { encodeReview } from './encode-review.ts';

const warned = (warnings: readonly string[]): readonly string[] => {
  const { response } = encodeReview({ uid: '1', kind: 'Deployment' }, { ...pass(), warnings });
  return (response as { readonly warnings: readonly string[] }).warnings;
};

describe('warnings are fit for HTTP headers', () => {
  it.each<[string, string, string]>([
    ['a line stays as it is', 'follow it with: kubectl sluice watch web', 'follow it with: kubectl sluice watch web'],
    ['several lines become one', 'a\r\nb\u0000c', 'a b c'],
    ['half a character is replaced', 'a\ud800', 'a\ufffd'],
    ['a long one is cut', 'x'.repeat(2_000), `${'x'.repeat(1_023)}…`],
  ])('%s', (_case, warning, expected) => expect(warned([warning])).toEqual([expected]));

  it('thirty-two are told, the rest is counted', () => {
    const many = warned(Array.from({ length: 50 }, (_, i) => `warning ${i}`));
    expect(many).toHaveLength(33);
    expect(many.slice(-2)).toEqual(['warning 31', 'and 18 more']);
  });
});
