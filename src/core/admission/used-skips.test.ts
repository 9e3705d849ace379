import { describe, expect, it } from '@jest/globals';
import { annotations as keys, marks } from '../../schema/annotations.ts';
import { isUsedSkip, withUsedSkip } from './used-skips.ts';

const once = { [marks.skips]: withUsedSkip(undefined, 'v2', 'INC-1') };

describe('a reason for skipping', () => {
  it.each([
    ['is new on a workload that has never skipped', {}, 'v2', false],
    ['is spent for the template it was said for', once, 'v2', true],
    ['counts for another template', once, 'v3', false],
    ['counts where others were said', { [marks.skips]: withUsedSkip(undefined, 'v2', 'INC-2') }, 'v2', false],
    ['is spent for every template while it stands on the workload', { [keys.skip]: 'INC-1' }, 'v3', true],
    ['is not found among nonsense', { [marks.skips]: ',,v2,INC-1' }, 'v2', false],
  ])('%s', (_name, stored, template, spent) => {
    expect(isUsedSkip(stored, template, 'INC-1')).toBe(spent);
  });

  it('is remembered among the last ten, each once', () => {
    const said = Array.from({ length: 12 }, (_, i) => `INC-${i}`);
    const stored = [...said, 'INC-11'].reduce<{ [key: string]: string }>(
      (before, reason) => ({ [marks.skips]: withUsedSkip(before, 'v2', reason) }),
      {},
    );
    expect(said.filter((reason) => isUsedSkip(stored, 'v2', reason))).toEqual(said.slice(2));
  });
});
