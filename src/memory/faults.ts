/** Faults that a test injects into the writes of one client. */
import type { ObjectRef } from '../values/kube-object.ts';
import { ClusterError, type ClusterErrorReason, type WriteOptions } from '../ports/cluster.ts';
import { refText } from './refusals.ts';

/** A write that a client makes. `index` counts them from 0. */
export type ClientWrite = {
  readonly index: number;
  readonly verb: 'create' | 'patch' | 'replace' | 'remove';
  readonly ref: ObjectRef;
  readonly subresource?: WriteOptions['subresource'];
};

export type Fault =
  /** Not stored; the client gets an error with this reason. `passing` reasons may be retried. */
  | { readonly kind: 'refusal'; readonly reason: ClusterErrorReason; readonly words: string }
  /** Not stored; the client gets no answer. */
  | { readonly kind: 'time-out' }
  /** Stored; the client gets no answer. */
  | { readonly kind: 'lost-answer' }
  /** The client is killed before it sends the write. */
  | { readonly kind: 'cut-before' }
  /** The client is killed after the write is stored, before it reads the answer. */
  | { readonly kind: 'cut-after' };

/** The fault for a write; undefined for none. */
export type FaultPlan = (write: ClientWrite) => Fault | undefined;

export const noFaults: FaultPlan = () => undefined;

/** One fault, at the write of this index. */
export const faultAt =
  (index: number, fault: Fault): FaultPlan =>
  (write) =>
    write.index === index ? fault : undefined;

export const conflict: Fault = {
  kind: 'refusal',
  reason: 'conflict',
  words: 'the object has been modified; please apply your changes to the latest version and try again',
};

/** `patch deployments.apps shop/web status`. */
export const writeText = ({ verb, ref, subresource }: ClientWrite): string =>
  `${verb} ${refText(ref)}${subresource === undefined ? '' : ` ${subresource}`}`;

/** The error that the client gets; undefined if the write proceeds. */
export const errorOf = (fault: Fault | undefined, write: ClientWrite): ClusterError | undefined => {
  if (fault?.kind === 'refusal') return new ClusterError(fault.reason, `${writeText(write)}: ${fault.words}`);
  return fault?.kind === 'time-out' || fault?.kind === 'lost-answer'
    ? new ClusterError('unreachable', `${writeText(write)}: no answer within 30 s`)
    : undefined;
};
