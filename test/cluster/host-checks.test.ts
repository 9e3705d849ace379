import { describe, expect, test } from '@jest/globals';
import type { HostFacts } from './host-checks.ts';
import { HostError, judgeHost } from './host-checks.ts';

describe('the host', () => {
  const good: HostFacts = {
    platform: 'linux',
    root: false,
    absent: new Set(),
    mode: 'user',
    go: true,
    pip: true,
    toBuild: ['etcd'],
    toFetch: ['envoy'],
  };

  test('that has everything has no problem', () => {
    expect(judgeHost(good)).toEqual([]);
  });

  test.each<[string, Partial<HostFacts>, RegExp]>([
    ['is not Linux', { platform: 'darwin' }, /needs Linux, this is darwin/],
    ['has no iproute2', { absent: new Set(['ip']) }, /ip not found.*apt-get install iproute2/],
    [
      'has no util-linux',
      { absent: new Set(['unshare', 'flock']) },
      /unshare, flock not found.*apt-get install util-linux/,
    ],
    ['forbids user namespaces', { mode: undefined }, /without root.*user\.max_user_namespaces/],
    ['is a container without rights', { mode: undefined, root: true }, /SYS_ADMIN/],
    ['has no pip but needs it', { pip: false }, /fetch envoy.*python3-pip/],
    ['has neither Go nor tar', { go: false, absent: new Set(['tar']) }, /build etcd.*Go 1\.26/],
  ])('that %s is told what to do', (_name, facts, expected) => {
    const [problem, ...others] = judgeHost({ ...good, ...facts });
    expect(`${problem?.what} ${problem?.remedy}`).toMatch(expected);
    expect(others).toEqual([]);
  });

  test('all problems are told at once', () => {
    const problems = judgeHost({ ...good, absent: new Set(['ip', 'nsenter']), mode: undefined, pip: false });
    expect(problems).toHaveLength(4);
    expect(new HostError(problems).message.split('\n')).toHaveLength(9);
  });

  test('nothing is asked for what the cache already has', () => {
    expect(judgeHost({ ...good, go: false, pip: false, toBuild: [], toFetch: [], absent: new Set(['tar']) })).toEqual(
      [],
    );
  });
});
