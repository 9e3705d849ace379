import type { ApiClient } from './api-client.ts';
import { followList } from './follow-list.ts';
import type { DataObject } from './kube-types.ts';

export type DataKind = 'configmaps' | 'secrets';

/** Names one ConfigMap or Secret. */
export interface DataRef {
  readonly kind: DataKind;
  readonly namespace: string;
  readonly name: string;
}

/** The objects a pod refers to, kept up to date until released. */
export interface DataHold {
  /** Resolves when every object has been looked up once. */
  readonly ready: Promise<void>;
  lookup(kind: DataKind, name: string): DataObject | undefined;
  release(): void;
}

interface Followed {
  readonly stop: AbortController;
  readonly listeners: Set<() => void>;
  readonly synced: Promise<void>;
  object: DataObject | undefined;
}

/**
 * Watches the ConfigMaps and Secrets that running pods refer to, with one watch per object, as the real kubelet does.
 * Objects may be created later.
 */
export class DataWatch {
  readonly #api: ApiClient;
  readonly #followed = new Map<string, Followed>();

  constructor(api: ApiClient) {
    this.#api = api;
  }

  /** `onChange` is called after each later change of any of the objects. */
  hold(refs: readonly DataRef[], onChange: () => void): DataHold {
    const unique = new Map(refs.map((ref) => [keyOf(ref), ref]));
    const entries = [...unique].map(([key, ref]) => ({ key, entry: this.#follow(key, ref) }));
    for (const { entry } of entries) entry.listeners.add(onChange);
    const namespace = refs[0]?.namespace ?? '';
    return {
      ready: Promise.all(entries.map(({ entry }) => entry.synced)).then(() => undefined),
      lookup: (kind, name) => this.#followed.get(keyOf({ kind, namespace, name }))?.object,
      release: () => entries.forEach(({ key, entry }) => this.#release(key, entry, onChange)),
    };
  }

  #follow(key: string, ref: DataRef): Followed {
    const known = this.#followed.get(key);
    if (known) return known;
    const stop = new AbortController();
    const listeners = new Set<() => void>();
    const synced = Promise.withResolvers<undefined>();
    const entry: Followed = { stop, listeners, synced: synced.promise, object: undefined };
    this.#followed.set(key, entry);
    const path = `/api/v1/namespaces/${ref.namespace}/${ref.kind}?fieldSelector=metadata.name%3D${ref.name}`;
    const follower = {
      onChange: (change: { type: string; object: DataObject }) => {
        entry.object = change.type === 'gone' ? undefined : change.object;
        listeners.forEach((listener) => listener());
      },
      onSynced: () => synced.resolve(undefined),
    };
    void followList<DataObject>(this.#api, path, follower, stop.signal);
    return entry;
  }

  #release(key: string, entry: Followed, onChange: () => void): void {
    entry.listeners.delete(onChange);
    if (entry.listeners.size > 0) return;
    entry.stop.abort();
    this.#followed.delete(key);
  }
}

function keyOf(ref: DataRef): string {
  return `${ref.kind}/${ref.namespace}/${ref.name}`;
}
