/** An Api for somebody who waits: what the API server puts off is asked again when it says, as kubectl does. */
import type { JsonObject } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { Api, ApiCall } from './api.ts';
import { pause } from '../ports/clock.ts';

const attempts = 10;
const unsaid: Milliseconds = 1000;

/**
 * The same Api, whose requests are repeated after a 429 ("too many requests", "storage is (re)initializing"): the API server
 * has not begun with them, so that this is safe for every verb. Up to ten times in all, then the last answer counts.
 * Watches are left alone: who watches has to begin again anyway.
 */
export const patientApi = (api: Api, clock: Clock): Api => ({
  server: api.server,
  namespace: api.namespace,
  request: (call) => patiently(api, clock, call),
  watch: (call, onEvent, signal) => api.watch(call, onEvent, signal),
  close: () => api.close(),
});

const patiently = async (api: Api, clock: Clock, call: ApiCall): Promise<JsonObject> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await api.request(call);
    } catch (error) {
      const putOff = error instanceof ClusterError && error.reason === 'throttled';
      if (!putOff || attempt === attempts) throw error;
      await pause(clock, error.retryAfter ?? unsaid, new AbortController().signal);
    }
  }
};
