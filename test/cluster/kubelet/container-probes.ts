import type { Container, Probe } from './kube-types.ts';
import { probeLoop } from './probe-loop.ts';
import { runAction } from './run-action.ts';
import type { ActionTarget } from './run-action.ts';

export interface ProbeListener {
  onStarted(): void;
  onReady(ready: boolean): void;
  onUnhealthy(message: string): void;
  /** The startup or liveness probe has reached its failure threshold: kill the container. */
  onDead(why: string): void;
}

type Kind = 'Startup' | 'Liveness' | 'Readiness';

/** The probes of one run of a container: startup first, then liveness and readiness side by side. */
export class ContainerProbes {
  readonly #container: Container;
  readonly #target: ActionTarget;
  readonly #startedAt: number;
  readonly #listener: ProbeListener;
  readonly #ended = new AbortController();

  constructor(container: Container, target: ActionTarget, startedAt: number, listener: ProbeListener) {
    this.#container = container;
    this.#target = target;
    this.#startedAt = startedAt;
    this.#listener = listener;
  }

  /** `stopping` ends startup and liveness: a terminating pod is not restarted, but readiness still counts. */
  start(stopping: AbortSignal): void {
    const probe = this.#container.startupProbe;
    const living = AbortSignal.any([this.#ended.signal, stopping]);
    if (probe === undefined) {
      this.#afterStartup(living);
      return;
    }
    const started = new AbortController();
    this.#run('Startup', probe, AbortSignal.any([living, started.signal]), (ok) => {
      started.abort();
      if (ok) this.#afterStartup(living);
      else this.#listener.onDead('startup probe');
    });
  }

  end(): void {
    this.#ended.abort();
  }

  #afterStartup(living: AbortSignal): void {
    this.#listener.onStarted();
    const { readinessProbe, livenessProbe } = this.#container;
    if (livenessProbe) {
      this.#run('Liveness', livenessProbe, living, (ok) => ok || this.#listener.onDead('liveness probe'));
    }
    if (readinessProbe === undefined) this.#listener.onReady(true);
    else this.#run('Readiness', readinessProbe, this.#ended.signal, (ok) => this.#listener.onReady(ok));
  }

  #run(kind: Kind, probe: Probe, signal: AbortSignal, onEstablished: (ok: boolean) => void): void {
    const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
    const run = {
      probe,
      attempt: () => runAction(probe, this.#target, timeoutMs),
      onFailure: (output: string) => this.#listener.onUnhealthy(`${kind} probe failed: ${output}`),
      onEstablished,
      startedAt: this.#startedAt,
    };
    void probeLoop(run, signal);
  }
}
