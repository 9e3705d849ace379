import { describe, expect, test } from '@jest/globals';
import { about, liveProgress, plainProgress } from './progress.ts';

describe('progress', () => {
  const recorder = () => {
    let text = '';
    let now = 0;
    return {
      out: { write: (more: string) => (text += more) },
      now: () => now,
      pass: (ms: number) => (now += ms),
      text: () => text,
    };
  };

  test.each([
    [30, 'about 30 s'],
    [240, 'about 4 min'],
  ])('%d seconds are %s', (seconds, expected) => {
    expect(about(seconds)).toBe(expected);
  });

  test('in a log: a line at the start and one at the end', () => {
    const { out, now, pass, text } = recorder();
    const step = plainProgress(out, now).begin('building etcd 3.6.5', 30);
    pass(12_345);
    step.done();
    expect(text()).toBe('building etcd 3.6.5 (about 30 s) …\nbuilding etcd 3.6.5: done, 12 s\n');
  });

  test('on a terminal: running steps are redrawn below the finished ones', () => {
    const { out, now, pass, text } = recorder();
    const progress = liveProgress(out, now);
    const one = progress.begin('one');
    const two = progress.begin('two');
    pass(1500);
    one.done();
    two.fail();
    const last = text().split('\u001b[J').slice(-2);
    expect(last[0]).toBe('✓ one 1.5 s\u001b[K\n  two … 1.5 s\u001b[K\n\u001b[1A\r');
    expect(last[1]).toBe('✗ two 1.5 s\u001b[K\n');
  });
});
