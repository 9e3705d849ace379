import { describe, expect, it } from '@jest/globals';
import {
  aDeployment,
  aHeldDeployment,
  aRelease,
  aSession,
  memoryCluster,
  memoryTerminal,
  releaseRef,
  type MemoryCluster,
  type TestSession,
} from '../../test/support/plugin-doubles.ts';
import { ClusterError } from '../ports/cluster.ts';
import { finalPhases, type ReleaseStatus } from '../schema/release.ts';
import { watch } from './watch.ts';
import { waitUntil } from '../../test/cluster/wait-until.ts';

const progressing: ReleaseStatus = { phase: 'Progressing', stepLabel: '1/2', weight: 5, message: 'first' };
const succeeded: ReleaseStatus = { phase: 'Succeeded', stepLabel: '2/2', weight: 0, message: 'promoted' };

const watching = (cluster: MemoryCluster, over: Partial<TestSession> = {}) => {
  const session = aSession(cluster, over);
  const call = watch.run(session, { workload: 'web', options: {} });
  return { session, call };
};

describe('watch, where lines are appended', () => {
  it('tells each change once, with its time, until the end', async () => {
    const cluster = memoryCluster(aDeployment(), aRelease({ status: progressing }));
    const { session, call } = watching(cluster);
    await waitUntil('the first lines', () => session.terminal.stdout() !== '');
    cluster.set(aRelease({ status: { ...progressing, splitInPlaceAt: 'unseen' } }));
    session.clock.advance(60_000);
    cluster.set(aRelease({ status: { ...progressing, stepLabel: '2/2', weight: 50, message: 'second' } }));
    await waitUntil('the second message', () => session.terminal.stdout().includes('second'));
    session.clock.advance(5000);
    cluster.set(aRelease({ status: succeeded }));
    expect(await call).toBe(0);
    expect(session.terminal.stdout()).toBe(
      [
        '2026-01-01T00:00:00Z web-2 Progressing 1/2 5 %: first',
        '2026-01-01T00:01:00Z web-2 Progressing 2/2 50 %: second',
        '2026-01-01T00:01:05Z web-2 Succeeded 2/2: promoted',
        '',
      ].join('\n'),
    );
    expect(session.clock.waiting()).toEqual([]);
  });

  it.each(finalPhases)('ends at once for a release that is %s, and only success is exit code 0', async (phase) => {
    const { call, session } = watching(memoryCluster(aDeployment(), aRelease({ status: { phase } })));
    expect(await call).toBe(phase === 'Succeeded' ? 0 : 1);
    expect(session.terminal.stdout()).toContain(phase);
  });

  it('waits for the Release of a change that was just made, whatever came before', async () => {
    const before = aRelease({ name: 'web-1', status: { phase: 'Succeeded' } });
    const cluster = memoryCluster(aHeldDeployment('web-2'), before);
    const { session, call } = watching(cluster);
    await waitUntil('a word', () => session.terminal.stderr() !== '');
    expect(session.terminal.stderr()).toBe('2026-01-01T00:00:00Z waiting for Release web-2 to be made\n');
    cluster.set(aRelease({ status: progressing }));
    await waitUntil('the first lines', () => session.terminal.stdout() !== '');
    session.clock.advance(3_600_000);
    cluster.set(aRelease({ status: succeeded }));
    expect(await call).toBe(0);
  });

  it('does not wait for ever for it', async () => {
    const cluster = memoryCluster(aHeldDeployment('web-2'));
    const { session, call } = watching(cluster);
    const failure = expect(call).rejects.toThrow('Release web-2 has not been made within 60 s of waiting.');
    await waitUntil('a word', () => session.terminal.stderr() !== '');
    session.clock.advance(60_000);
    await failure;
  });

  it('fails when the Release is deleted', async () => {
    const cluster = memoryCluster(aDeployment(), aRelease({ status: progressing }));
    const { session, call } = watching(cluster);
    const failure = expect(call).rejects.toThrow('Release web-2 was deleted.');
    await waitUntil('the first lines', () => session.terminal.stdout() !== '');
    cluster.remove(releaseRef('web-2'));
    await failure;
  });

  it('goes on after an interruption, and tells of it', async () => {
    const cluster = memoryCluster(aDeployment(), aRelease({ status: progressing }));
    const { session, call } = watching(cluster);
    await waitUntil('the first lines', () => session.terminal.stdout() !== '');
    cluster.breakWatches(new ClusterError('unreachable', 'connection reset'));
    await waitUntil('a word', () => session.terminal.stderr() !== '');
    expect(session.terminal.stderr()).toBe('2026-01-01T00:00:00Z connection reset; trying again\n');
    cluster.set(aRelease({ status: succeeded }));
    await waitUntil('a pause', () => session.clock.waiting().length > 0);
    session.clock.advance(1000);
    expect(await call).toBe(0);
  });

  it('ends when the person has had enough', async () => {
    const stop = new AbortController();
    const cluster = memoryCluster(aDeployment(), aRelease({ status: progressing }));
    const { session, call } = watching(cluster, { signal: stop.signal });
    await waitUntil('the first lines', () => session.terminal.stdout() !== '');
    stop.abort();
    expect(await call).toBe(1);
    expect(cluster.watching()).toBe(0);
  });
});

/** What a terminal shows after this output. Understands only the escape codes of `watch`. */
const screen = (written: string): readonly string[] => {
  const lines: string[] = [''];
  for (const part of written.split(/(\u001b\[\d+[AJ]|\n)/)) {
    const up = /^\u001b\[(\d+)A$/.exec(part);
    if (up !== null) lines.splice(lines.length - 1 - Number(up[1]));
    else if (part === '\n' || lines.length === 0) lines.push('');
    else if (!part.startsWith('\u001b')) lines.push(`${lines.pop() ?? ''}${part}`);
    if (up !== null) lines.push('');
  }
  return lines.slice(0, -1);
};

describe('watch, where somebody is looking', () => {
  const live = (size: { columns?: number; rows?: number } = {}) => memoryTerminal({ live: true, ...size });

  it('draws the state over the one before', async () => {
    const cluster = memoryCluster(aDeployment(), aRelease({ status: progressing }));
    const { session, call } = watching(cluster, { terminal: live() });
    await waitUntil('the first lines', () => session.terminal.stdout() !== '');
    expect(screen(session.terminal.stdout()).slice(0, 2)).toEqual([
      'shop/web   Progressing   step 1/2   5 % of the traffic to the canary',
      'first',
    ]);
    cluster.set(aRelease({ status: succeeded }));
    expect(await call).toBe(0);
    const shown = screen(session.terminal.stdout());
    expect(shown.filter((line) => line.startsWith('shop/web'))).toEqual(['shop/web   Succeeded   step 2/2']);
  });

  it('lets ages grow while nothing changes', async () => {
    const cluster = memoryCluster(aDeployment(), aRelease({ status: progressing }));
    const { session, call } = watching(cluster, { terminal: live() });
    await waitUntil('the release that is there', () => session.terminal.stdout().includes('made 3m ago'));
    session.clock.advance(1000);
    session.clock.advance(1000);
    expect(screen(session.terminal.stdout()).join('\n')).toContain('made 3m2s ago');
    cluster.set(aRelease({ status: succeeded }));
    await call;
    expect(session.clock.waiting()).toEqual([]);
  });

  it('never writes more than fits the window', async () => {
    const long = { ...succeeded, message: 'x'.repeat(500) };
    const cluster = memoryCluster(aDeployment(), aRelease({ status: long }));
    const { session, call } = watching(cluster, { terminal: live({ columns: 40, rows: 6 }) });
    await call;
    const shown = screen(session.terminal.stdout());
    expect(shown).toHaveLength(5);
    for (const line of shown) expect(line.length).toBeLessThanOrEqual(40);
  });
});
