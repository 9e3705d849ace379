import { expect, it } from '@jest/globals';
import { telemetryOf } from './telemetry.ts';

it.each([
  ['auto', 'istio', 'istio'],
  ['auto', 'linkerd', 'linkerd'],
  ['auto', 'smi', 'application'],
  ['auto', 'kubernetes', 'application'],
  ['auto', 'toString', 'application'],
  ['application', 'istio', 'application'],
  ['linkerd', 'kubernetes', 'linkerd'],
] as const)('telemetry %s with the provider %s is that of %s', (set, provider, telemetry) =>
  expect(telemetryOf(set, provider)).toBe(telemetry),
);
