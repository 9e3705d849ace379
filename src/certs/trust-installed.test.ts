import { expect, it } from '@jest/globals';
import { memoryObjects } from '../../test/support/memory-objects.ts';
import type { KubeObject } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import { trustInstalled } from './trust-installed.ts';

const name = 'sluice-dev';
const configuration = (kind: string): KubeObject =>
  ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    metadata: { name },
    webhooks: [{ name: 'a.sluice.dev', clientConfig: { url: 'https://127.0.0.1' } }],
  }) as unknown as KubeObject;

it('installs once for a port, and again only where what it installed is gone', async () => {
  const cluster = memoryObjects();
  const installed: string[] = [];
  const trust = trustInstalled({
    cluster,
    name,
    install: async (bundle, port) => {
      installed.push(`${bundle} at ${port}`);
      for (const gvk of [kinds.mutatingWebhook, kinds.validatingWebhook])
        if ((await cluster.fetch({ gvk, name })) === undefined) await cluster.create(configuration(gvk.kind), gvk);
    },
  });
  expect(await trust('one', 0)).toBe('missing');
  expect(await trust('one', 8443)).toBe('changed');
  expect(await trust('two', 8443)).toBe('changed');
  expect(await trust('two', 8443)).toBe('unchanged');
  expect(installed).toEqual(['one at 8443']);
  await cluster.remove({ gvk: kinds.validatingWebhook, name });
  expect(await trust('three', 8443)).toBe('changed');
  expect(await trust('three', 8444)).toBe('changed');
  expect(installed).toEqual(['one at 8443', 'three at 8443', 'three at 8444']);
});
