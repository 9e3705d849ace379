import type { ApiClient } from './api-client.ts';
import type { Condition, PodId } from './kube-types.ts';
import { patchPodStatus } from './pod-api.ts';
import type { RenderedStatus } from './pod-status.ts';

// Long enough to merge simultaneous changes (terminated, then running again) into one write, and too short to be
// noticed.
const GATHER_MS = 15;

/** Writes a pod's status if it differs from the last write, one write at a time. */
export class StatusWriter {
  readonly #api: ApiClient;
  readonly #id: PodId;
  readonly #render: () => RenderedStatus;
  readonly #onWritten: (conditions: readonly Condition[]) => void;
  #written = '';
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    api: ApiClient,
    id: PodId,
    render: () => RenderedStatus,
    onWritten: (conditions: readonly Condition[]) => void,
  ) {
    this.#api = api;
    this.#id = id;
    this.#render = render;
    this.#onWritten = onWritten;
  }

  /** Schedules a write, which includes all changes until then. */
  touch(delayMs = GATHER_MS): void {
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) => console.error(`status of ${this.#id.name}: ${String(error)}`));
    }, delayMs);
  }

  /** Writes pending changes now and resolves when they are written. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const result = this.#writing.then(() => this.#write());
    this.#writing = result.catch(() => undefined);
    return result;
  }

  async #write(): Promise<void> {
    const status = this.#render();
    const text = JSON.stringify(status);
    if (text === this.#written) return;
    this.#written = text;
    this.#onWritten(status.conditions);
    await patchPodStatus(this.#api, this.#id, status);
  }
}
