import { spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { endWithReader } from './closed-output.ts';
import { REPOSITORY } from './binaries/repository.ts';

describe('the output', () => {
  const after = (code: string): (() => number | undefined) => {
    let ended: number | undefined;
    return () => {
      const listen = (_event: 'error', heard: (error: NodeJS.ErrnoException) => void): void =>
        heard(Object.assign(new Error(code), { code }));
      endWithReader({ on: listen }, (exit) => (ended = exit));
      return ended;
    };
  };

  test('C3: that nobody reads any more ends quietly', () => expect(after('EPIPE')()).toBe(0));
  test('that fails otherwise is told', () => expect(after('ENOSPC')).toThrow('ENOSPC'));

  test('C3: npm run cluster -- binaries | head says nothing of a pipe', () => {
    const command = '"$0" test/cluster/cli.ts binaries | true';
    const { stderr } = spawnSync('sh', ['-c', command, process.execPath], { cwd: REPOSITORY, encoding: 'utf8' });
    expect(stderr).toBe('');
  });
});
