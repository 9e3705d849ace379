import type { ApiClient } from './api-client.ts';
import type { Condition, PodId } from './kube-types.ts';
import { patchPodStatus } from './pod-api.ts';
import type { RenderedStatus } from './pod-status.ts';

// Long enough to put what happens at once (terminated, then running again) into one write, too short to be noticed.
const GATHER_MS = 15;

/** Writes a pod's status when it differs from what was written last, one write at a time. */
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

  /** Something changed: write soon, together with whatever else changes until then. */
  touch(delayMs = GATHER_MS): void {
    this.#timer ??= setTimeout(() => {
      this.flush().catch((error: unknown) => console.error(`status of ${this.#id.name}: ${String(error)}`));
    }, delayMs);
  }

  /** Writes what there is to write now and resolves when it is written. */
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
