import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestGoSource } from './go-build.ts';

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('building with Go', () => {
  test('the digest of sources changes with the program and not with its tests', async () => {
    await writeFile(join(scratch, 'main.go'), 'package main');
    const before = await digestGoSource(scratch);
    await writeFile(join(scratch, 'main_test.go'), 'package main');
    expect(await digestGoSource(scratch)).toBe(before);
    await writeFile(join(scratch, 'main.go'), 'package main // changed');
    expect(await digestGoSource(scratch)).not.toBe(before);
  });
});
