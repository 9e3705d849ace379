import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { childrenOf, identify, isAlive, signalProcess } from './process-identity.ts';
import { inTime } from './in-time.ts';

describe('a process', () => {
  test('is told from a later one with its number, and is gone once it has ended', async () => {
    const child = spawn('sleep', ['1000']);
    const identity = (await identify(child.pid!))!;
    expect(await isAlive(identity)).toBe(true);
    expect(await childrenOf(process.pid)).toContain(child.pid);
    expect(await signalProcess({ ...identity, startTime: '1' }, 'SIGKILL')).toBe(false);
    expect(await isAlive(identity)).toBe(true);
    expect(await signalProcess(identity, 'SIGKILL')).toBe(true);
    await inTime('it to end', once(child, 'exit'));
    expect(await isAlive(identity)).toBe(false);
  });
});
