/** A policy names a Prometheus of its own, and what listens there keeps a secret. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { apiVersion } from '../../src/schema/names.ts';
import { app, service } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(240_000);

const secret = 'hunter2-of-another-tenant';
const annotations = { 'sluice.dev/policy': 'own' };

let stage: Stage;
let server: Server;
let address: string;
let asked = 0;

const policy = (prometheus: string): object => ({
  apiVersion,
  kind: 'CanaryPolicy',
  metadata: { name: 'own' },
  spec: { provider: 'kubernetes', weights: [50], interval: '1s', prometheus },
});

const message = (): string => stage.release()?.status?.message ?? '';
/** Everything that people are shown of the release. */
const shown = async (): Promise<string> => {
  const objects = await stage.kubectlOk('get', 'releases,deployments,events', '-o', 'json');
  return `${objects}${JSON.stringify(stage.release())}`;
};

beforeAll(async () => {
  stage = await Stage.set('policy-addresses');
  server = createServer((_request, response) => {
    asked += 1;
    response.statusMessage = secret;
    response.writeHead(500, { location: `http://${secret}` }).end(secret);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await stage.teardown();
});

test('C2: one that is not listed is refused to whoever writes it, and nothing is asked', async () => {
  const sluice = await stage.sluice();
  const { code, stderr } = await stage.send([policy('http://10.0.0.1:2379')]);
  expect(code).not.toBe(0);
  expect(stderr).toContain(
    `spec.prometheus: Invalid value: "http://10.0.0.1:2379": must be an address that the operator of Sluice allows: ${stage.cluster.prometheusUrl}.`,
  );
  expect((await stage.send([policy(address)])).stderr).toContain('is a loopback address');
  expect((await stage.send([policy('http://169.254.169.254')])).stderr).toContain('is a link-local address');
  expect((await stage.send([policy(`${stage.cluster.prometheusUrl}/`)])).code).toBe(0);
  await sluice.stop();
  expect(asked).toBe(0);
});

test('C2: of one that is listed the answers are not told; when it is not listed any more, it is not asked', async () => {
  const first = await stage.sluice({ flags: ['--allowed-addresses', address] });
  await stage.apply(policy(address), service(), app({ version: 'v1', annotations }));
  await stage.untilRolledOut();
  await stage.apply(app({ version: 'v2', annotations }));
  await stage.until('a hold', () => message().includes('answers 500') || undefined);
  expect(message()).toContain(`Prometheus at ${address} answers 500: see its log`);
  expect(asked).toBeGreaterThan(0);
  await first.stop();
  const before = asked;
  const second = await stage.sluice();
  await stage.until('another hold', () => message().includes('is a loopback address') || undefined);
  expect(stage.release()?.status).toMatchObject({ phase: 'Progressing', step: 1, analyses: [{ failures: 0 }] });
  expect(asked).toBe(before);
  const { stderr } = await stage.send([app({ version: 'v3', annotations })]);
  expect(stderr).toContain(`CanaryPolicy/own spec.prometheus: Invalid value: "${address}": is a loopback address`);
  expect(await shown()).not.toContain(secret);
  expect(JSON.stringify([first.log, second.log])).not.toContain(secret);
});
