/** What a verb of the plugin works with. */
import type { KubeObject, Gvk, ObjectRef } from '../values/kube-object.ts';
import type { Clock } from '../ports/clock.ts';
import type { Terminal } from './terminal.ts';

/** Null takes one away. */
export type AnnotationChanges = { readonly [key: string]: string | null };

/** The API server, as far as the plugin needs it. Everything rejects with ClusterError only. */
export interface ClusterClient {
  get(ref: ObjectRef): Promise<KubeObject | undefined>;
  /** In all namespaces when none is given. Reason `not-found` when the API server does not serve the kind. */
  list(gvk: Gvk, namespace: string | undefined): Promise<readonly KubeObject[]>;
  /**
   * Sets annotations, whatever else is written to the object meanwhile. With a uid refused (reason `conflict`) when the
   * name belongs to another object by now.
   */
  annotate(ref: ObjectRef, annotations: AnnotationChanges, uid?: string): Promise<KubeObject>;
  /**
   * The object as it is now, then as it becomes; undefined while it does not exist. Ends when the API server ends the
   * watch or the signal is aborted.
   */
  observe(ref: ObjectRef, signal: AbortSignal): AsyncIterable<KubeObject | undefined>;
}

export type Session = {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Aborted when the person presses Ctrl-C. */
  readonly signal: AbortSignal;
  readonly newId: () => string;
};
