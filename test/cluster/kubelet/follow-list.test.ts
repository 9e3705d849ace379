import { describe, expect, it } from '@jest/globals';
import { ApiError } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import { followList } from './follow-list.ts';
import type { KubeObject } from './kube-types.ts';

type Step =
  | { readonly list: readonly string[]; readonly version: string }
  | { readonly watch: readonly object[]; readonly ends?: Error };

const object = (name: string, resourceVersion = '1'): KubeObject => ({
  metadata: { name, uid: name, resourceVersion },
});

const event = (type: string, name: string, version: string) => ({ type, object: object(name, version) });

const gone = { type: 'ERROR', object: { code: 410, message: 'too old', metadata: {} } };

/** Runs against a scripted API server that aborts `done` at the end; returns the requests and the changes. */
async function play(steps: readonly Step[]): Promise<{ requests: string[]; changes: string[] }> {
  const [requests, changes]: [string[], string[]] = [[], []];
  const done = new AbortController();
  const left = [...steps];
  const next = (): Step => {
    const step = left.shift();
    if (step === undefined) {
      done.abort();
      throw new ApiError(0, 'Unreachable', 'end of script');
    }
    return step;
  };
  const api = {
    request: (call: { path: string }) => {
      requests.push(`list ${call.path}`);
      const step = next();
      if (!('list' in step)) throw new Error(`unexpected list of ${call.path}`);
      return Promise.resolve({ metadata: { resourceVersion: step.version }, items: step.list.map((n) => object(n)) });
    },
    stream: (path: string, onLine: (line: string) => void) => {
      requests.push(`watch ${path.split('resourceVersion=')[1] ?? ''}`);
      const step = next();
      if (!('watch' in step)) throw new Error(`unexpected watch of ${path}`);
      step.watch.forEach((each) => onLine(JSON.stringify(each)));
      return step.ends ? Promise.reject(step.ends) : Promise.resolve();
    },
  } as unknown as ApiClient;
  const onChange = (change: { type: string; object: KubeObject }) =>
    changes.push(`${change.type} ${change.object.metadata.name}`);
  await followList(api, '/pods', { onChange }, done.signal);
  return { requests, changes };
}

describe('following a list', () => {
  it('lists once, then resumes each watch where the last one ended', async () => {
    const { requests, changes } = await play([
      { list: ['a'], version: '5' },
      { watch: [event('ADDED', 'b', '6'), event('DELETED', 'a', '7')] },
      { watch: [event('BOOKMARK', '', '9')], ends: new ApiError(0, 'Unreachable', 'connection reset') },
      { watch: [event('MODIFIED', 'b', '10')] },
    ]);
    expect(requests).toEqual(['list /pods', 'watch 5', 'watch 7', 'watch 9', 'watch 10']);
    expect(changes).toEqual(['now a', 'now b', 'gone a', 'now b']);
  });

  it.each([
    ['an event', { watch: [gone] }],
    ['the answer', { watch: [], ends: new ApiError(410, 'Expired', 'too old') }],
  ])('lists again when the version is forgotten, told by %s, and reports what vanished', async (_case, forgotten) => {
    const { requests, changes } = await play([
      { list: ['a', 'b'], version: '5' },
      forgotten,
      { list: ['b', 'c'], version: '50' },
    ]);
    expect(requests).toEqual(['list /pods', 'watch 5', 'list /pods', 'watch 50']);
    expect(changes).toEqual(['now a', 'now b', 'gone a', 'now b', 'now c']);
  });
});
