import type { ComponentSpec, ComponentStatus } from './component-spec.ts';

/** Requests to a cluster's supervisor: one JSON text per line over `control.sock`, answered by one line each. */
export type ControlRequest =
  | { readonly op: 'ping' }
  | { readonly op: 'status' }
  | { readonly op: 'start'; readonly name: string }
  | { readonly op: 'stop'; readonly name: string; readonly signal: NodeJS.Signals }
  | { readonly op: 'add'; readonly spec: ComponentSpec }
  | { readonly op: 'remove'; readonly name: string }
  | { readonly op: 'allocate-address' }
  | { readonly op: 'down' };

export type ControlAnswer =
  | { readonly ok: true; readonly components?: readonly ComponentStatus[]; readonly address?: string }
  | { readonly ok: false; readonly error: string };

/** Events on the supervisor's standard output, one JSON text per line, until the cluster is up. */
export type BootEvent =
  | { readonly event: 'inside'; readonly netns: string }
  | { readonly event: 'starting' | 'ready'; readonly name: string }
  | { readonly event: 'up' }
  | { readonly event: 'failed'; readonly error: string };

/** File names inside a cluster's folder. */
export const PLAN_FILE = 'plan.json';
export const CLUSTER_FILE = 'cluster.json';
export const CONTROL_SOCKET = 'control.sock';
/** On the supervisor's standard input: keep running after the starter exits. */
export const KEEP_RUNNING = 'keep running';
