import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureTools } from './ensure-tools.ts';
import { silentProgress } from './progress.ts';
import { runCommand } from './run-command.ts';
import { waitUntil } from '../wait-until.ts';

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('making tools', () => {
  /** An environment whose `go` hangs in a build and writes its PID to a file. */
  const withHangingGo = async (): Promise<NodeJS.ProcessEnv> => {
    await mkdir(join(scratch, 'bin'));
    const go = `#!/bin/sh\nif [ "$1" = env ]; then printf 'go1.26.0\\nauto\\n'; exit; fi\nsleep 1000 & echo $! > ${scratch}/pid.new; mv ${scratch}/pid.new ${scratch}/pid; wait\n`;
    await writeFile(join(scratch, 'bin', 'go'), go);
    await chmod(join(scratch, 'bin', 'go'), 0o755);
    return { PATH: `${join(scratch, 'bin')}:/usr/bin:/bin`, SLUICE_CACHE: join(scratch, 'cache') };
  };

  test('an interrupt ends the compiler with its children and leaves nothing half-built', async () => {
    const env = await withHangingGo();
    const controller = new AbortController();
    const making = ensureTools(['etcd'], [], { env, progress: silentProgress, signal: controller.signal });
    const stopped = expect(making).rejects.toThrow('interrupted here');
    const pid = await waitUntil('the build to start', () =>
      readFile(join(scratch, 'pid'), 'utf8').catch(() => undefined),
    );
    controller.abort(new Error('interrupted here'));
    await stopped;
    await waitUntil('the compiler to end', async () => (await runCommand('kill', ['-0', pid.trim()])).code !== 0);
    expect((await readdir(join(scratch, 'cache'))).filter((name) => name !== 'tmp')).toEqual([]);
    expect((await readdir(join(scratch, 'cache', 'tmp'))).every((name) => name.endsWith('.lock'))).toBe(true);
  });

  test("a failing compiler's last words are in the error", async () => {
    const env = await withHangingGo();
    const go = `#!/bin/sh\nif [ "$1" = env ]; then printf 'go1.26.0\\nauto\\n'; exit; fi\necho 'undefined: thing' >&2; exit 2\n`;
    await writeFile(join(scratch, 'bin', 'go'), go);
    const making = ensureTools(['etcd'], [], { env, progress: silentProgress, signal: new AbortController().signal });
    await expect(making).rejects.toThrow(/go build .* failed \(exit 2\):\nundefined: thing/);
  });
});
