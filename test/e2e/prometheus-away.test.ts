/** Prometheus stops in the middle of a release: the release holds, says so, and goes on when it is back. */
import { failuresOf } from '../../src/core/release/verdicts.ts';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { app, service } from '../support/manifests.ts';
import { startPrometheusGate, type PrometheusGate } from '../support/prometheus-gate.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(240_000);

const policy = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '20,50',
  'sluice.dev/interval': '3s',
  'sluice.dev/min-requests': '1',
};

let stage: Stage;
let gate: PrometheusGate;

beforeAll(async () => {
  stage = await Stage.set('prometheus-away');
  gate = await startPrometheusGate(stage.cluster.prometheusUrl!);
  await stage.sluice({ prometheus: gate.url });
  await stage.apply(service(), app({ version: 'v1', annotations: policy }));
  await stage.untilRolledOut();
  await stage.load({ rps: 40 });
});

afterAll(async () => {
  await gate.close();
  await stage.teardown();
});

test('it holds with a sentence that names the address, fails nothing, and recovers', async () => {
  await stage.apply(app({ version: 'v2', annotations: policy }));
  await stage.untilStep(1);
  await gate.close();
  const held = await stage.until('a hold', () =>
    stage.release()?.status?.message?.startsWith('holding at 20 %') === true ? stage.release() : undefined,
  );
  expect(held.status?.message).toContain(gate.url);
  expect(held.status).toMatchObject({ phase: 'Progressing', step: 1, analyses: [{ failures: 0 }] });
  await gate.open();
  const { status } = await stage.untilPhase('Succeeded');
  expect(failuresOf(status!)).toBe(0);
});
