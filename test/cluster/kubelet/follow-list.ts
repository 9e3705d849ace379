import { ApiError } from './api-client.ts';
import type { ApiClient } from './api-client.ts';
import type { KubeObject } from './kube-types.ts';
import { pause } from '../pause.ts';

/** A change of an object. `gone` carries its last known state. */
export type Change<T> = { readonly type: 'now' | 'gone'; readonly object: T };

export interface Follower<T> {
  onChange(change: Change<T>): void;
  /** Called after the complete first list. */
  onSynced?(): void;
  onTrouble?(error: Error): void;
}

interface WatchEvent<T> {
  readonly type: string;
  readonly object: T & { readonly code?: number; readonly message?: string };
}

interface ListAnswer<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

const RETRY_MS = { first: 100, most: 2_000 };

/**
 * Lists a collection and watches it until `signal` aborts. A watch that ends is resumed at its last version. If the
 * server no longer has that version (410), the collection is listed again and the removed objects are reported. `path`
 * may contain a query (field selector).
 */
export async function followList<T extends KubeObject>(
  api: ApiClient,
  path: string,
  follower: Follower<T>,
  signal: AbortSignal,
): Promise<void> {
  const list = new FollowedList(api, path, follower);
  let wait = RETRY_MS.first;
  const ended = (): boolean => signal.aborted;
  while (!ended()) {
    try {
      await list.advance(signal);
      wait = RETRY_MS.first;
    } catch (error) {
      if (ended()) return;
      follower.onTrouble?.(error as Error);
      await pause(wait, signal);
      wait = Math.min(wait * 2, RETRY_MS.most);
    }
  }
}

class FollowedList<T extends KubeObject> {
  readonly #api: ApiClient;
  readonly #path: string;
  readonly #follower: Follower<T>;
  readonly #known = new Map<string, T>();
  #version: string | undefined;
  #synced = false;

  constructor(api: ApiClient, path: string, follower: Follower<T>) {
    this.#api = api;
    this.#path = path;
    this.#follower = follower;
  }

  /** Does the next list or watch. */
  async advance(signal: AbortSignal): Promise<void> {
    if (this.#version === undefined) await this.#list();
    else await this.#watch(this.#version, signal);
  }

  async #list(): Promise<void> {
    const answer = await this.#api.request<ListAnswer<T>>({ path: this.#path });
    const present = new Set(answer.items.map(keyOf));
    for (const [key, object] of this.#known) if (!present.has(key)) this.#forget(key, object);
    for (const object of answer.items) this.#take(object);
    this.#version = answer.metadata.resourceVersion;
    if (this.#synced) return;
    this.#synced = true;
    this.#follower.onSynced?.();
  }

  async #watch(version: string, signal: AbortSignal): Promise<void> {
    const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${version}`;
    const path = `${this.#path}${this.#path.includes('?') ? '&' : '?'}${query}`;
    let failure: ApiError | undefined;
    try {
      await this.#api.stream(path, (line) => (failure ??= this.#event(JSON.parse(line) as WatchEvent<T>)), signal);
      if (failure) throw failure;
      await pause(RETRY_MS.first, signal);
    } catch (error) {
      // A list also helps against other refusals, such as a version from the future after the store was lost.
      if (error instanceof ApiError && error.status >= 400 && error.status !== 429) this.#version = undefined;
      throw error;
    }
  }

  #event(event: WatchEvent<T>): ApiError | undefined {
    if (event.type === 'ERROR') {
      return new ApiError(event.object.code ?? 500, 'WatchError', `watch ${this.#path}: ${event.object.message ?? ''}`);
    }
    this.#version = event.object.metadata.resourceVersion ?? this.#version;
    if (event.type === 'DELETED') this.#forget(keyOf(event.object), event.object);
    else if (event.type !== 'BOOKMARK') this.#take(event.object);
    return undefined;
  }

  #take(object: T): void {
    this.#known.set(keyOf(object), object);
    this.#follower.onChange({ type: 'now', object });
  }

  #forget(key: string, object: T): void {
    this.#known.delete(key);
    this.#follower.onChange({ type: 'gone', object });
  }
}

// Keyed by uid: a StatefulSet's pod that is recreated under its old name is another pod.
function keyOf(object: KubeObject): string {
  return object.metadata.uid ?? `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
