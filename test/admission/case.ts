/**
 * The table of what becomes of a write, as data: what there is, what a person types, what they see, what follows. The
 * workload is `web` in namespace `shop`, its versions are `web:1`, `web:2`, `web:3`. The suite plays each case on a real
 * cluster under a name of its own; the page for readers is made from the same data.
 */
import type { JsonObject, Labels } from '../../src/values/kube-object.ts';

/** A Deployment as a person has it in a file; what is left out is as in the case's other files. */
export type Manifest = {
  /** Of the image. `missing` is one that no registry has. */
  readonly version: string;
  readonly annotations?: Labels;
  /** 1 unless said otherwise. */
  readonly replicas?: number | 'left out';
  readonly paused?: boolean;
  /** Only pods of a canary ever become ready: a promotion that stays under way. */
  readonly stuck?: true;
};

/** A file of another shape: these fields and the name. */
export type Fields = {
  /** A Deployment unless said otherwise. */
  readonly kind?: 'Deployment' | 'VirtualService' | 'CanaryPolicy';
  readonly metadata?: JsonObject;
  readonly spec: JsonObject;
};

export type Files = { readonly [name: string]: Manifest | Fields };

/** What can be seen of a workload in the cluster. */
export type State = {
  /** Image of the pod template; `-` where there is no Deployment. */
  readonly template: string;
  readonly paused: boolean;
  /** The marks that count: the release they name and their phase; `-` without any. */
  readonly mark: string;
  /** Images of the workload's ready pods, with their number where it is not 1. */
  readonly serves: readonly string[];
  /** All Releases of the workload with their phases, oldest first. */
  readonly releases: readonly string[];
  /** The same as `serves`, of the canary; `-` where there is none. */
  readonly canary: string;
};

export type Step = {
  readonly run: string;
  readonly files?: Files;
  readonly until: State;
};

/** How a case begins. */
export type Given = {
  /** In the page: "Given …". */
  readonly words: string;
  /** `sluice.dev/` annotations of every manifest. */
  readonly annotations: Labels;
  /** Applied first, by kubectl's client-side apply. */
  readonly start?: Manifest;
  readonly started?: State;
  readonly steps?: readonly Step[];
};

export type Seen = {
  readonly exit: number;
  /** Parts of what the tool says, on either stream, warnings aside. */
  readonly says: readonly string[];
  /** Every warning, word for word. */
  readonly warnings: readonly string[];
};

export type Case<Name extends string = string> = {
  /** A sentence. */
  readonly name: string;
  readonly given: Name;
  /** Further annotations of every manifest. */
  readonly with?: Labels;
  readonly files?: Files;
  /** The command as a person types it. */
  readonly run: string;
  readonly see: Seen;
  /** `same`: nothing is stored, to the resourceVersion. */
  readonly then: State | 'same';
  /** Reasons of events on the workload that follow. */
  readonly events?: readonly string[];
  /** The workload's pods are other ones afterwards, though their image is the same. */
  readonly newPods?: true;
};

/** A situation that the admission tells from the others, with everything that leads into it. */
export type Row<Name extends string = string> = {
  /** The situation, as a heading. */
  readonly row: string;
  /** What Sluice does about it, in a sentence or two. */
  readonly answer: string;
  /** The webhook has gone away by the time of the write, and its configuration has this failurePolicy. */
  readonly webhook?: 'Fail' | 'Ignore';
  readonly cases: readonly Case<Name>[];
};
