import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from './api-client.ts';
import type { Lookup } from './container-env.ts';
import type { PodFacts } from './downward.ts';
import type { FileSource, Volume } from './kube-types.ts';
import { podId } from './kube-types.ts';
import { fileSources } from './pod-references.ts';
import { tokenKey, volumeFiles } from './volume-files.ts';
import { writeFiles } from './write-files.ts';

type TokenSource = NonNullable<FileSource['serviceAccountToken']>;

interface TokenRequest {
  readonly status: { readonly token: string; readonly expirationTimestamp: string };
}

// The real kubelet refreshes a token when a fifth of its lifetime is left.
const REFRESH_AT = 0.8;
const RETRY_MS = 2_000;

/** A pod's volumes as directories below `dir`, kept up to date until `release`. */
export class PodVolumes {
  readonly #api: ApiClient;
  readonly #dir: string;
  readonly #facts: () => PodFacts;
  readonly #lookup: Lookup;
  readonly #tokens = new Map<string, string>();
  readonly #written = new Map<string, string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #released = false;
  #writing: Promise<void> = Promise.resolve();

  constructor(api: ApiClient, dir: string, facts: () => PodFacts, lookup: Lookup) {
    this.#api = api;
    this.#dir = dir;
    this.#facts = facts;
    this.#lookup = lookup;
  }

  /** A volume's path on this host; undefined for unsupported kinds. */
  pathOf(volume: Volume): string | undefined {
    if (volume.hostPath) return volume.hostPath.path;
    const known = volume.emptyDir !== undefined || volume.projected !== undefined || fileSources(volume).length > 0;
    return known ? join(this.#dir, volume.name) : undefined;
  }

  /** Updates every volume. Resolves to what is missing, as the kubelet words it, or undefined. */
  async prepare(): Promise<string | undefined> {
    for (const source of this.#tokenSources()) {
      if (!this.#tokens.has(tokenKey(source))) await this.#requestToken(source);
    }
    return await this.refresh();
  }

  /** Like `prepare`, but requests no tokens. Refreshes run one after another. */
  async refresh(): Promise<string | undefined> {
    const result = this.#writing.then(() => this.#write());
    this.#writing = result.then(
      () => undefined,
      () => undefined,
    );
    return await result;
  }

  release(): void {
    this.#released = true;
    this.#timers.forEach(clearTimeout);
  }

  async #write(): Promise<string | undefined> {
    if (this.#released) return undefined;
    for (const volume of this.#volumes()) {
      const path = this.pathOf(volume);
      if (path === undefined) return `MountVolume.SetUp failed for volume "${volume.name}" : unsupported volume kind`;
      if (volume.hostPath) continue;
      await mkdir(path, { recursive: true });
      const result = volumeFiles(volume, { facts: this.#facts(), lookup: this.#lookup, tokens: this.#tokens });
      if ('missing' in result) return `MountVolume.SetUp failed for volume "${volume.name}" : ${result.missing}`;
      const content = JSON.stringify(
        [...result.files].map(([name, f]) => [name, f.mode, f.content.toString('base64')]),
      );
      if (volume.emptyDir !== undefined || this.#written.get(volume.name) === content) continue;
      await writeFiles(path, result.files);
      this.#written.set(volume.name, content);
    }
    return undefined;
  }

  #volumes(): readonly Volume[] {
    return this.#facts().pod.spec.volumes ?? [];
  }

  #tokenSources(): TokenSource[] {
    return this.#volumes()
      .flatMap(fileSources)
      .flatMap((source) => (source.serviceAccountToken ? [source.serviceAccountToken] : []));
  }

  async #requestToken(source: TokenSource): Promise<void> {
    const { pod } = this.#facts();
    const { namespace, name, uid } = podId(pod);
    const answer = await this.#api.request<TokenRequest>({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/serviceaccounts/${pod.spec.serviceAccountName ?? 'default'}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: {
          ...(source.audience === undefined ? {} : { audiences: [source.audience] }),
          expirationSeconds: source.expirationSeconds ?? 3600,
          boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
        },
      },
    });
    this.#tokens.set(tokenKey(source), answer.status.token);
    const life = Date.parse(answer.status.expirationTimestamp) - Date.now();
    this.#later(life * REFRESH_AT, source);
  }

  #later(ms: number, source: TokenSource): void {
    if (this.#released) return;
    // A longer delay than this overflows the timer and fires at once.
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#requestToken(source)
          .then(() => this.refresh())
          .catch(() => this.#later(RETRY_MS, source));
      },
      Math.min(Math.max(ms, RETRY_MS), 2 ** 31 - 1),
    );
    this.#timers.add(timer);
  }
}
