import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, cacheKey, cacheRoot, cachePlace, ownRoot } from './cache.ts';
import { inTime } from '../in-time.ts';

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('the cache', () => {
  test.each([
    [{ SLUICE_CACHE: '/c', XDG_CACHE_HOME: '/x', HOME: '/h' }, '/c'],
    [{ XDG_CACHE_HOME: '/x', HOME: '/h' }, '/x/sluice'],
    [{ HOME: '/h' }, '/h/.cache/sluice'],
  ])('for %j it is at %s', (env, expected) => {
    expect(cacheRoot(env)).toBe(expected);
  });

  test('without any of the three variables it says which to set', () => {
    expect(() => cacheRoot({})).toThrow(/SLUICE_CACHE/);
  });

  test('a changed recipe has another key, also when only a pattern changed', () => {
    const keys = [{ a: 1 }, { a: 2 }, { a: /x/ }, { a: /y/ }].map((recipe) => cacheKey('tool', '1', recipe));
    expect(new Set(keys).size).toBe(4);
    expect(cacheKey('tool', '1', { a: 1 })).toBe(keys[0]);
  });

  test('an entry is made once by two that want it at the same time', async () => {
    let made = 0;
    const make = async (entry: string): Promise<void> => {
      made++;
      await writeFile(join(entry, 'tool'), 'x');
    };
    const [one, two] = await Promise.all([cached(scratch, 'k', make), cached(scratch, 'k', make)]);
    expect(one).toBe(two);
    expect(made).toBe(1);
    expect(await readFile(join(one, 'tool'), 'utf8')).toBe('x');
  });

  test('C3: a cache that cannot be written to is read, and what it lacks is made beside it', async () => {
    // Nobody can make a folder below a file, not even root.
    await writeFile(join(scratch, 'file'), '');
    const shared = join(scratch, 'file', 'cache');
    const own = ownRoot(shared);
    try {
      const made = await cached(shared, 'k', (entry) => writeFile(join(entry, 'tool'), 'x'));
      expect(made).toBe(join(own, 'k'));
      expect(await cachePlace(shared, 'k')).toBe(made);
      expect(await cachePlace('/proc/self', 'status')).toBe('/proc/self/status');
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  });

  test('a failed one leaves no entry and no half-made files, and can be tried again', async () => {
    const fails = cached(scratch, 'k', async (entry) => {
      await writeFile(join(entry, 'half'), '');
      throw new Error('compiler says no');
    });
    await expect(fails).rejects.toThrow('compiler says no');
    expect(await readdir(scratch)).toEqual(['tmp']);
    expect(await readdir(join(scratch, 'tmp'))).toEqual(['k.lock']);
    await cached(scratch, 'k', (entry) => writeFile(join(entry, 'whole'), ''));
    expect(await readdir(join(scratch, 'k'))).toEqual(['whole']);
  });

  test('what a killed one left is swept, and its lock is free', async () => {
    const script = join(scratch, 'killed.ts');
    const module = join(import.meta.dirname, 'cache.ts');
    await writeFile(
      script,
      `import { cached } from ${JSON.stringify(module)};
       await cached(process.argv[2], 'k', async () => { console.log('making'); await new Promise((r) => setTimeout(r, 1e6)); });`,
    );
    const child = spawn(process.execPath, [script, scratch], { stdio: ['ignore', 'pipe', 'ignore'] });
    await inTime('the work to begin', once(child.stdout, 'data'));
    child.kill('SIGKILL');
    expect((await readdir(join(scratch, 'tmp'))).length).toBe(2);
    await cached(scratch, 'k', (entry) => writeFile(join(entry, 'tool'), ''));
    expect(await readdir(join(scratch, 'tmp'))).toEqual(['k.lock']);
  });
});
