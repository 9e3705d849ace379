import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toolNamed } from './catalog.ts';
import type { Existing, ToolName } from './catalog.ts';
import { existingTool, versionFits } from './existing-tool.ts';

let scratch: string;

beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
});

afterEach(() => rm(scratch, { recursive: true, force: true }));

describe('an installed copy', () => {
  const range = (name: ToolName): Existing => toolNamed(name).existing!;

  test.each([
    ['kube-apiserver', 'Kubernetes v1.36.0', true],
    ['kube-apiserver', 'Kubernetes v1.37.4', true],
    ['kube-apiserver', 'Kubernetes v1.35.9', false],
    ['etcd', 'etcd Version: 3.6.5\nGit SHA: x', true],
    ['etcd', 'etcd Version: 3.4.23', false],
    ['kubectl', 'Client Version: v1.32.4-dispatcher', false],
    ['envoy', 'envoy  version: 2c4f/1.38.1/Clean/RELEASE/BoringSSL', true],
    ['helm', 'v4.0.1+g12500dd', false],
    ['helm', 'something else', false],
  ] as const)('of %s that says %j: %s', (name, output, expected) => {
    expect(versionFits(output, range(name))).toBe(expected);
  });

  test('is taken from KUBEBUILDER_ASSETS when its version fits', async () => {
    const write = async (version: string): Promise<void> => {
      await writeFile(join(scratch, 'kube-apiserver'), `#!/bin/sh\necho Kubernetes ${version}\n`);
      await chmod(join(scratch, 'kube-apiserver'), 0o755);
    };
    const env = { PATH: process.env['PATH'], KUBEBUILDER_ASSETS: scratch };
    await write('v1.36.9');
    expect(await existingTool(toolNamed('kube-apiserver'), env)).toBe(join(scratch, 'kube-apiserver'));
    await write('v1.30.0');
    expect(await existingTool(toolNamed('kube-apiserver'), env)).toBeUndefined();
  });
});
