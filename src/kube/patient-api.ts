/** An Api that repeats throttled requests after their Retry-After, as kubectl does. */
import type { JsonObject } from '../values/kube-object.ts';
import type { Milliseconds } from '../values/time.ts';
import type { Clock } from '../ports/clock.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { Api, ApiCall } from './api.ts';
import { pause } from '../ports/clock.ts';

const attempts = 10;
const unsaid: Milliseconds = 1000;

/**
 * Sends a request up to ten times while the API server answers 429 ("too many requests", "storage is
 * (re)initializing"). Safe for every verb, since the API server has not started to process such a request. Watches are
 * not repeated: their callers restart them anyway.
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
