/** The environment of the plugin's verbs. */
import type { KubeObject, Gvk, ObjectRef } from '../values/kube-object.ts';
import type { Clock } from '../ports/clock.ts';
import type { Terminal } from './terminal.ts';

/** Null removes an annotation. */
export type AnnotationChanges = { readonly [key: string]: string | null };

/** The part of the Kubernetes API that the plugin needs. All methods reject with ClusterError only. */
export interface ClusterClient {
  get(ref: ObjectRef): Promise<KubeObject | undefined>;
  /** Lists all namespaces if none is given. Rejects with reason `not-found` if the kind is not served. */
  list(gvk: Gvk, namespace: string | undefined): Promise<readonly KubeObject[]>;
  /**
   * Sets annotations, even if the object has changed meanwhile. With a uid, rejects with reason `conflict` if the name
   * now belongs to another object.
   */
  annotate(ref: ObjectRef, annotations: AnnotationChanges, uid?: string): Promise<KubeObject>;
  /**
   * Yields the object's current state and then every change; undefined while it does not exist. Ends when the API
   * server ends the watch or the signal is aborted.
   */
  observe(ref: ObjectRef, signal: AbortSignal): AsyncIterable<KubeObject | undefined>;
}

export type Session = {
  readonly client: ClusterClient;
  readonly namespace: string;
  readonly terminal: Terminal;
  readonly clock: Clock;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly newId: () => string;
};
