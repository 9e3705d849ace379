import { describe, expect, it } from '@jest/globals';
import { commandLine, resolveImage } from './image.ts';
import type { Container } from './kube-types.ts';
import { aContainer } from './test-support.ts';

describe('images and command lines', () => {
  const line = (container: Partial<Container>) =>
    commandLine(resolveImage(container.image ?? 'sluice.test/app:v1'), aContainer(container), { A: '1' });

  it.each([
    ['sluice.test/app:v7', { kind: 'app', version: 'v7' }],
    ['sluice.test/app', { kind: 'app', version: 'latest' }],
    ['sluice.test/host:any', { kind: 'host' }],
    ['sluice.test:5000/app', { kind: 'absent' }],
    ['example.test/app:v1', { kind: 'absent' }],
  ])('%s', (reference, image) => expect(resolveImage(reference)).toEqual(image));

  it.each([
    ['the application by itself serves', {}, ['sluice-testapp', 'serve']],
    ['args replace what it does', { args: ['load', '--rps', '$(A)'] }, ['sluice-testapp', 'load', '--rps', '1']],
    ['a command replaces all', { command: ['sh', '-c', 'x'] }, ['sh', '-c', 'x']],
    ['the host runs its command', { image: 'sluice.test/host:x', command: ['a'], args: ['b'] }, ['a', 'b']],
    ['the host has none of its own', { image: 'sluice.test/host:x' }, []],
  ])('%s', (_case, container, expected) => expect(line(container)).toEqual(expected));
});
