import type { ComponentSpec, ComponentStatus } from './component-spec.ts';

/** What can be asked of a cluster's supervisor: one JSON text per line over `control.sock`, one answer line each. */
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

/** What the supervisor writes to its standard output, one JSON text per line, until the cluster is up. */
export type BootEvent =
  | { readonly event: 'inside'; readonly netns: string }
  | { readonly event: 'starting' | 'ready'; readonly name: string }
  | { readonly event: 'up' }
  | { readonly event: 'failed'; readonly error: string };

/** File names inside a cluster's folder. */
export const PLAN_FILE = 'plan.json';
export const CLUSTER_FILE = 'cluster.json';
export const CONTROL_SOCKET = 'control.sock';
/** The word on the supervisor's standard input that lets it outlive its starter. */
export const KEEP_RUNNING = 'keep running';
