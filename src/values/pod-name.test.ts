import { describe, expect, it } from '@jest/globals';
import { isPodOf } from './pod-name.ts';

const long = 'w'.repeat(50);

describe('whether a pod is one of a Deployment', () => {
  it.each([
    ['its own', 'web', 'web-7d9f8b6c5d-x2k4p', true],
    ["its canary's", 'web', 'web-canary-7d9f8b6c5d-x2k4p', false],
    ['that of a Deployment of a longer name', 'web', 'web-admin-7d9f8b6c5d-x2k4p', false],
    ['that of another Deployment', 'web', 'api-7d9f8b6c5d-x2k4p', false],
    ['that of a StatefulSet', 'web', 'web-0', false],
    ['no name', 'web', '', false],
    ['its own, cut off', long, `${`${long}-7d9f8b6c5d-`.slice(0, 58)}x2k4p`, true],
    ["its canary's, cut off", long, `${`${long}-canary-7d9f8b6c5d-`.slice(0, 58)}x2k4p`, false],
  ])('%s', (_name, deployment, pod, expected) => expect(isPodOf(deployment, pod)).toBe(expected));
});
