import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { podPattern } from './pod-pattern.ts';

const matches = (deployment: string, pod: string): boolean => new RegExp(`^(?:${podPattern(deployment)})$`).test(pod);

const oneOf = (characters: string): fc.Arbitrary<string> => fc.constantFrom(...Array.from(characters));
const letters = 'bcdfghjklmnpqrstvwxz2456789';
const spelled = (min: number, max: number): fc.Arbitrary<string> =>
  fc.string({ unit: oneOf(letters), minLength: min, maxLength: max });
const name = (max: number): fc.Arbitrary<string> =>
  fc
    .string({ unit: oneOf('abcxyz059-'), minLength: 1, maxLength: max })
    .filter((text) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text));

/** As the API server makes it: the stem cut to 58, then five letters. */
const podName = (deployment: string, hash: string, suffix: string): string =>
  `${`${deployment}-${hash}-`.slice(0, 58)}${suffix}`;

describe('the pattern of a Deployment’s pods', () => {
  it.each([
    ['its own pod', 'web', 'web-7d9f8b6c5d-x2k4p', true],
    ['a pod with a short hash', 'web', 'web-6b54c-x2k4p', true],
    ['its canary’s pod', 'web', 'web-canary-7d9f8b6c5d-x2k4p', false],
    ['another Deployment’s pod with the same beginning', 'web', 'web-other-7d9f8b6c5d-x2k4p', false],
    ['a Deployment’s pod whose name looks like a hash', 'web', 'web-v2-7d9f8b6c5d-x2k4p', false],
    ['a DaemonSet’s pod', 'web', 'web-db-x2k4p', false],
    ['a StatefulSet’s pod', 'web', 'web-0', false],
    ['a pod whose name ends alike', 'web', 'my-web-7d9f8b6c5d-x2k4p', false],
    ['the canary’s own pod', 'web-canary', 'web-canary-7d9f8b6c5d-x2k4p', true],
    ['the stable pod, asked about the canary', 'web-canary', 'web-7d9f8b6c5d-x2k4p', false],
    ['a dot taken for any character', 'web.v1', 'webxv1-7d9f8b6c5d-x2k4p', false],
    ['a dot', 'web.v1', 'web.v1-7d9f8b6c5d-x2k4p', true],
  ])('%s', (_case, deployment, pod, expected) => expect(matches(deployment, pod)).toBe(expected));

  it('matches every name the API server can make, also where a long name costs the hash its end', () =>
    fc.assert(
      fc.property(name(62), spelled(5, 10), spelled(5, 5), (deployment, hash, suffix) =>
        matches(deployment, podName(deployment, hash, suffix)),
      ),
    ));

  it('never takes the canary’s pods for the workload’s, nor the other way round, up to 48 characters', () =>
    fc.assert(
      fc.property(name(48), spelled(5, 10), spelled(5, 5), (workload, hash, suffix) => {
        expect(matches(workload, podName(`${workload}-canary`, hash, suffix))).toBe(false);
        expect(matches(`${workload}-canary`, podName(workload, hash, suffix))).toBe(false);
      }),
    ));
});
