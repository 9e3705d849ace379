/**
 * A Deployment that is deleted in the middle of a release and made again, beside one without Sluice that is deleted and
 * made again: the ready canary serves meanwhile.
 * @long 40 s
 */
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { kinds } from '../../src/schema/kinds.ts';
import { virtualServices } from '../../src/traffic/istio.ts';
import { keepMeasured } from '../field-cases/measured.ts';
import { canonical } from '../support/canonical.ts';
import type { Load } from '../support/load.ts';
import { app, service, virtualService } from '../support/manifests.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(240_000);

const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'istio',
  'sluice.dev/steps': '20',
  'sluice.dev/interval': '1h',
};

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.set('deleted-workload');
  await stage.sluice();
});

afterAll(async () => stage.teardown());

const lostIn = async (load: Load): Promise<{ readonly lost: number; readonly requests: number }> => {
  const { failedTransport, failedInfrastructure, requests } = await load.total();
  return { lost: failedTransport + failedInfrastructure, requests };
};

/** New pods whose start takes as long as real ones' does. */
const again = (name: string, more: object = {}): object =>
  app({ name, version: 'v3', env: { STARTUP_DELAY_MS: '5000' }, ...more });

const replaced = async (name: string, by: object): Promise<void> => {
  await stage.kubectlOk('delete', 'deployment', name);
  await stage.apply(by);
  await stage.untilRolledOut(name);
};

/** What is lost while the first of the new pods become known. */
const noise = 15;

test('D6: deleted and made again in the middle: the canary serves until the new pods do', async () => {
  const route = () => stage.get(virtualServices.gvk, 'd6-routes');
  await stage.apply(
    ...[service('d6'), virtualService('d6'), app({ name: 'd6', version: 'v1', annotations })],
    ...[service('d6-native'), app({ name: 'd6-native', version: 'v1' })],
  );
  await Promise.all([stage.untilRolledOut('d6'), stage.untilRolledOut('d6-native')]);
  await stage.until('the route to be seen', route);
  const before = canonical(route());
  await stage.apply(app({ name: 'd6', version: 'v2', annotations }));
  await stage.until('the first split', () => stage.release('d6')?.status?.splitInPlaceAt !== undefined);
  const loads = [await stage.load({ host: 'd6' }), await stage.load({ host: 'd6-native' })] as const;

  await replaced('d6-native', again('d6-native'));
  await replaced('d6', again('d6', { annotations }));
  await stage.until('the canary to be gone', () => stage.get(kinds.deployment, 'd6-canary') === undefined);

  const [here, there] = [await lostIn(loads[0]), await lostIn(loads[1])];
  await Promise.all(loads.map((load) => load.stop()));
  process.stdout.write(`D6: with Sluice ${JSON.stringify(here)}, natively ${JSON.stringify(there)}\n`);
  keepMeasured('D6', { sluice: here, native: there });
  expect(there.lost).toBeGreaterThan(3 * noise);
  expect(here.lost).toBeLessThanOrEqual(noise);
  await stage.until('the route to be as it was', () => canonical(route()) === before);
});
