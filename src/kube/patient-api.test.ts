import { describe, expect, it } from '@jest/globals';
import { manualClock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { Api } from './api.ts';
import { patientApi } from './patient-api.ts';

const call = { method: 'GET', path: '/api', what: 'list' } as const;

/** Fails once per given error, then succeeds. */
const refusing = (...errors: readonly Error[]): { readonly api: Api; readonly asked: () => number } => {
  let asked = 0;
  const request = (): Promise<{ ok: true }> => {
    const error = errors[asked];
    asked += 1;
    return error === undefined ? Promise.resolve({ ok: true }) : Promise.reject(error);
  };
  return { api: { request } as unknown as Api, asked: () => asked };
};
const later = (retryAfter?: number): ClusterError =>
  new ClusterError('throttled', 'storage is (re)initializing', retryAfter === undefined ? {} : { retryAfter });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a request that the API server puts off', () => {
  it('is made again when the API server says, and not before', async () => {
    const clock = manualClock();
    const { api, asked } = refusing(later(2000), later());
    const answer = patientApi(api, clock).request(call);
    await settled();
    clock.advance(1999);
    await settled();
    expect(asked()).toBe(1);
    clock.advance(1);
    await settled();
    expect(asked()).toBe(2);
    clock.advance(1000);
    expect(await answer).toEqual({ ok: true });
  });

  it('fails at last with the words of the API server', async () => {
    const clock = manualClock();
    const { api, asked } = refusing(...Array.from({ length: 20 }, () => later(1)));
    const outcome = patientApi(api, clock)
      .request(call)
      .catch((error: unknown) => error);
    for (let i = 0; i < 20; i += 1) {
      await settled();
      clock.advance(1);
    }
    expect(await outcome).toMatchObject({ reason: 'throttled' });
    expect(asked()).toBe(10);
  });

  it('fails at once for any other reason', async () => {
    const { api, asked } = refusing(new ClusterError('conflict', 'changed meanwhile'));
    await expect(patientApi(api, manualClock()).request(call)).rejects.toThrow('changed meanwhile');
    expect(asked()).toBe(1);
  });
});
