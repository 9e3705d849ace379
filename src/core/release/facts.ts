/** All inputs of a step. The controller gathers them from its caches; a test can write them as plain values. */
import type { ReleaseSpec, ReleaseStatus } from '../../schema/release.ts';
import type { Trouble } from '../../schema/waiting-reasons.ts';
import type { RequestVerb } from '../../schema/request.ts';
import type { Answers, Arms } from '../questions/question.ts';
import type { Telemetry } from '../policy/policy.ts';
import type { Plan } from '../plan/plan.ts';
import type { Problem } from '../../values/problem.ts';
import type { Acceptance } from '../../values/route-format.ts';
import type { Split } from '../../values/split.ts';
import type { Instant } from '../../values/time.ts';
import type { RolledAlone } from './state.ts';

/** The marks on the workload. Present only if they are bound to its current template. */
export type WorkloadMarks = {
  readonly release: string;
  readonly phase?: string;
  /** The requester of the marked change, as JSON. */
  readonly requestedBy?: string;
};

export type WorkloadFacts = {
  readonly templateHash: string;
  readonly marks?: WorkloadMarks;
  /** The requester of the template that ended a release, as JSON. */
  readonly endedBy?: string;
  /** Whether the workload asks for canary releases. */
  readonly optedIn: boolean;
  /** Whether its template was promoted, or has served, before. */
  readonly knownGood: boolean;
  /** The user's reason for skipping, if the workload carries one. */
  readonly skip?: string;
  readonly paused: boolean;
  /** Wanted replicas, as the user or the HPA set them. */
  readonly replicas: number;
  /** Available pods; 0 while the Deployment controller has not observed the last change. */
  readonly available: number;
  /** Whether the native roll is over: every pod has the current template and is available, and no old pod is left. */
  readonly complete: boolean;
  /** Why its pods cannot be created: the message of a quota, a policy or an admission webhook. */
  readonly refused?: string;
  /** When its roll last made progress, according to the Deployment controller. */
  readonly progressedAt?: Instant;
  /** Whether its Progressing condition says ProgressDeadlineExceeded. */
  readonly timedOut: boolean;
  /** The autoscaler that scales it, with its maximum. */
  readonly autoscaler?: { readonly name: string; readonly most: number };
  /** How many replicas its strategy allows to be unavailable during a roll. */
  readonly mayLack: number;
  /** Whether all stable pods may be gone at once during a roll: with Recreate, or with one replica and no surge. */
  readonly vanishes: boolean;
};

/** The stable side of the apex: what callers reach if nothing is routed to the canary. */
export type StableFacts = {
  /** Ready endpoints of the apex that are pods of the workload itself, of any of its templates. */
  readonly ready: number;
  /**
   * Why the apex does not reach the pods of the stable template, ready or not: its selector or a port fits another
   * template. A sentence fragment.
   */
  readonly cutOff?: string;
  /** Why the apex does not reach the pods of the released template, in the same way. */
  readonly unfit?: string;
};

/** The result of looking at the workload's pods during its roll. */
export type RollLook = {
  readonly at: Instant;
  /** Why a pod has no node: the scheduler's message. */
  readonly unschedulable?: string;
};

export type CanaryFacts = {
  /** Hash of the template that the canary Deployment was made from. */
  readonly templateHash: string;
  readonly replicas: number;
  /** Set if somebody has changed its template since. */
  readonly edited?: true;
  /** Ready pods of that template. If a Service leads to them, only those that are published as endpoints. */
  readonly ready: number;
  /** Set if the canary cannot answer: its template is older than the workload's, and the Service uses another port. */
  readonly ledPast?: true;
  /** Why its pods cannot be created: the message of a quota, a policy or an admission webhook. */
  readonly refused?: string;
};

export type RouteFacts = {
  /** `replicas`: the split is the ratio of ready pods. */
  readonly splits: 'route' | 'replicas';
  /** The split that the live routes show. */
  readonly observed: Split | 'unknown';
  /** Whether no route carries any trace of Sluice. */
  readonly pristine: boolean;
  /** Whether the mesh has accepted the routes; `untold` if nothing reports it. */
  readonly accepted: Acceptance['state'];
  /** The mesh's message about it. */
  readonly acceptance?: string;
  /** Ready pods of both arms behind the Service, if their ratio is the split. */
  readonly pods?: { readonly canary: number; readonly stable: number };
  /** Set if the route is meant to split only a part of the requests. */
  readonly partial?: true;
  /** Likely causes, for the user, if requests do not follow the split although it is in place. */
  readonly doubts?: string;
  /** Other workloads whose pods get a part of the traffic that is split, and how many pods they have together. */
  readonly shared?: { readonly workloads: readonly string[]; readonly replicas: number };
  /** The kind of route that the API server does not serve, so that no split is possible. A sentence fragment. */
  readonly unserved?: string;
};

/** About objects that protect stable's pods and select them by labels that the canary's pods do not have. */
export type ProtectionFacts = {
  /** The objects that do not cover the canary, each with the reason why it gets no companion. */
  readonly uncovered: NonNullable<ReleaseStatus['uncovered']>;
  /** Whether the canary has exactly the companions that it needs, and how many companions Sluice may remove. */
  readonly companions: { readonly inPlace: boolean; readonly removable: number };
};

export type Request = {
  readonly id: string;
  readonly verb: RequestVerb;
  readonly by?: string;
  readonly reason?: string;
};

/** Why a canary pod is not ready. */
export type PodTrouble = {
  readonly name: string;
  readonly trouble: Trouble;
  /** The reason that the kubelet or the scheduler gives. */
  readonly reason: string;
  readonly message?: string;
  readonly restarts?: number;
};

export type Facts = {
  readonly now: Instant;
  readonly release: { readonly name: string; readonly spec: ReleaseSpec; readonly generation: number };
  readonly plan: Plan;
  /** Why this version cannot carry out the recorded plan. `plan` then serves only to remove the canary and the split. */
  readonly planUnreadable?: string;
  readonly workload: WorkloadFacts;
  readonly roll?: RollLook;
  readonly canary?: CanaryFacts;
  /** Undefined if no Service is known. */
  readonly stable?: StableFacts;
  /** Whether no canary runs any more, of any template. Terminating pods do not count. */
  readonly canaryGone: boolean;
  readonly protection: ProtectionFacts;
  /** When the deletion of the canary Deployment began. Until it is gone, the controller looks again from time to time. */
  readonly canaryGoingSince?: Instant;
  /** Objects that occupy the canary's names: of an earlier canary, or in deletion. A sentence fragment. */
  readonly inTheWay?: string;
  readonly route: RouteFacts;
  readonly provider: string;
  /** Why this provider was chosen, as a sentence fragment. Set only while the choice is made. */
  readonly providerBecause?: string;
  readonly service?: string;
  /** Why the release has no policy to start with: it is missing, or it has problems, which the message lists. */
  readonly policyProblem?: { readonly reason: 'PolicyMissing' | 'PolicyUnreadable'; readonly message: string };
  /** Why the template rolls natively instead: the workload gets no traffic, or a canary could not protect anybody. */
  readonly rollsAlone?: RolledAlone;
  /** What keeps a release from starting: no Service, a route that cannot be split, … */
  readonly preflight: readonly Problem[];
  /** Set if the Service does not reach the new template yet, so that its canary would get no requests without a route. */
  readonly unfit?: Problem;
  /** Objects of the release that a user has taken over, as a sentence. `route`: the generated route is among them. */
  readonly takenOver?: { readonly note: string; readonly route: boolean };
  /** Another release of the workload that has not ended. */
  readonly ahead?: string;
  /** Users' requests, oldest first. Some may have been acknowledged already. */
  readonly requests: readonly Request[];
  /** The API server's message when it last refused a write of this release. */
  readonly refused?: string;
  /** Whose metrics the built-in checks read. */
  readonly telemetry: Telemetry;
  /** Paths of probes and scrapes: requests to them do not come from users. */
  readonly probes?: readonly string[];
  /** The answers from outside the API server so far. */
  readonly answers: Answers;
  /** The two arms that checks compare; undefined while there is no Service. */
  readonly arms?: Arms;
  /** The earliest time at which each canary pod can have run, by name. */
  readonly started: ReadonlyMap<string, Instant>;
  /** Canary pods that are not ready, by name. */
  readonly pods: readonly PodTrouble[];
};
