import { describe, expect, test } from '@jest/globals';
import { nsenterArgs, unshareArgs } from './namespace.ts';

describe('namespaces', () => {
  test('a user becomes root inside; root needs no user namespace', () => {
    expect(unshareArgs('user').slice(0, 2)).toEqual(['--user', '--map-root-user']);
    expect(unshareArgs('root')).not.toContain('--user');
    expect(nsenterArgs('user', 7)).toEqual([
      ...['--target', '7', '--user', '--preserve-credentials'],
      ...['--net', '--mount', '--pid', '--'],
    ]);
  });
});
