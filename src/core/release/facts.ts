/** Everything a step may look at. Gathered by the controller from its caches; all of it can be written down in a test. */
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

/** The marks on the workload, when they are valid: bound to the template it has now. */
export type WorkloadMarks = {
  readonly release: string;
  readonly phase?: string;
  /** JSON of who has asked for what the marks say. */
  readonly requestedBy?: string;
};

export type WorkloadFacts = {
  readonly templateHash: string;
  readonly marks?: WorkloadMarks;
  /** JSON of who has applied the template, where that put an end to a release. */
  readonly endedBy?: string;
  /** It asks for canary releases. */
  readonly optedIn: boolean;
  /** Its template was promoted, or has served, before. */
  readonly knownGood: boolean;
  /** The reason a person gave for skipping, if any is on the workload. */
  readonly skip?: string;
  readonly paused: boolean;
  /** Wanted replicas, as the user or the HPA set them. */
  readonly replicas: number;
  /** Counted by a status that has seen the last change; none by one that has not. */
  readonly available: number;
  /** A native roll is over: every pod is of the template, available, and nothing is left of the one before. */
  readonly complete: boolean;
  /** Why a pod of it cannot be created, in the words of a quota, a policy or an admission webhook. */
  readonly refused?: string;
  /** When its roll made progress last, as the Deployment controller has it. */
  readonly progressedAt?: Instant;
  /** Its Progressing condition says ProgressDeadlineExceeded. */
  readonly timedOut: boolean;
  /** What scales it by its load, and how far. */
  readonly autoscaler?: { readonly name: string; readonly most: number };
  /** How many of its replicas its strategy lets a roll take away at once. */
  readonly mayLack: number;
  /** Under its strategy all stable pods may be gone at once while it rolls: Recreate, or one replica without a surge. */
  readonly vanishes: boolean;
};

/** The stable side of the apex: what callers reach where nothing is routed to the canary. */
export type StableFacts = {
  /** Ready endpoints of the apex that are pods of the workload itself, of whichever of its templates. */
  readonly ready: number;
  /**
   * The apex leads past the pods of the stable template, ready or not: its selector or a port of it fits another template.
   * A sentence fragment.
   */
  readonly cutOff?: string;
  /** The apex leads past the pods of the template that is released, in the same way. */
  readonly unfit?: string;
};

/** What was seen when the workload's pods were looked at, in the middle of its roll. */
export type RollLook = {
  readonly at: Instant;
  /** Why a pod has no node, in the scheduler's words. */
  readonly unschedulable?: string;
};

export type CanaryFacts = {
  /** Hash of the template the canary Deployment has been made from. */
  readonly templateHash: string;
  readonly replicas: number;
  /** Somebody has changed its template since. */
  readonly edited?: true;
  /** Ready pods of that template that are published as endpoints, where a Service stands in front of them. */
  readonly ready: number;
  /** It is of an earlier template than the workload's, and the Service sends to another port: nobody gets an answer of it. */
  readonly ledPast?: true;
  /** Why pods of it cannot be created, in the words of a quota, a policy or an admission webhook. */
  readonly refused?: string;
};

export type RouteFacts = {
  /** `replicas`: the split is the ratio of ready pods. */
  readonly splits: 'route' | 'replicas';
  /** The split the live routes show. */
  readonly observed: Split | 'unknown';
  /** No trace of Sluice in any route. */
  readonly pristine: boolean;
  /** Whether the mesh has taken the routes up; `untold` where nothing tells of it. */
  readonly accepted: Acceptance['state'];
  /** The same in the mesh's words. */
  readonly acceptance?: string;
  /** Ready pods of both arms behind the Service, where they are the split. */
  readonly pods?: { readonly canary: number; readonly stable: number };
  /** A part of the requests is not meant to be split. */
  readonly partial?: true;
  /** Why requests may not follow the split although it is in place: the likely causes, for a person. */
  readonly doubts?: string;
  /** Other workloads whose pods get of the traffic that is split, and how many pods they have together. */
  readonly shared?: { readonly workloads: readonly string[]; readonly replicas: number };
  /** Which kind of route the API server does not serve: there is no split, and none can be made. A sentence fragment. */
  readonly unserved?: string;
};

/** What protects stable's pods by labels that the canary's do not have. */
export type ProtectionFacts = {
  /** What the canary goes without, and why it gets no companion. */
  readonly uncovered: NonNullable<ReleaseStatus['uncovered']>;
  /** Whether the companions are those that the canary needs, and how many Sluice may take away. */
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
  /** As the kubelet or the scheduler calls it. */
  readonly reason: string;
  readonly message?: string;
  readonly restarts?: number;
};

export type Facts = {
  readonly now: Instant;
  readonly release: { readonly name: string; readonly spec: ReleaseSpec; readonly generation: number };
  readonly plan: Plan;
  /** The recorded plan cannot be carried out by this version: `plan` is good for taking down what is there. */
  readonly planUnreadable?: string;
  readonly workload: WorkloadFacts;
  readonly roll?: RollLook;
  readonly canary?: CanaryFacts;
  /** Undefined where no Service is known. */
  readonly stable?: StableFacts;
  /** Whether a canary Deployment or Service is still there, of whatever template. */
  readonly canaryGone: boolean;
  readonly protection: ProtectionFacts;
  /** Since when the canary Deployment is on its way out: what its pods wait for is looked after from time to time. */
  readonly canaryGoingSince?: Instant;
  /** What is left of an earlier canary, or is on its way out, and has the names that this one needs. */
  readonly inTheWay?: string;
  readonly route: RouteFacts;
  readonly provider: string;
  /** Why this provider, as a sentence fragment; where it is chosen now. */
  readonly providerBecause?: string;
  readonly service?: string;
  /** There is no policy to start with: it is missing, or cannot be read, in the words of its problems. */
  readonly policyProblem?: { readonly reason: 'PolicyMissing' | 'PolicyUnreadable'; readonly message: string };
  /** Why the template rolls natively instead of being released: no traffic comes to it, or no canary could protect it. */
  readonly rollsAlone?: RolledAlone;
  /** What keeps a release from starting: no Service, a route that cannot be split, … */
  readonly preflight: readonly Problem[];
  /** The Service does not lead to the new template yet, and a canary of it gets no request by being there. */
  readonly unfit?: Problem;
  /** What of the release's objects somebody has taken over, as a sentence; `route`: its generated route is among them. */
  readonly takenOver?: { readonly note: string; readonly route: boolean };
  /** Another release of the workload that has not ended. */
  readonly ahead?: string;
  /** Open requests from people, oldest first; those that were acknowledged may be among them. */
  readonly requests: readonly Request[];
  /** What the API server said when it refused a write of this release the last time. */
  readonly refused?: string;
  /** Whose metrics the built-in checks read. */
  readonly telemetry: Telemetry;
  /** Paths that the kubelet and scrapes ask the pods for: their requests are not the users'. */
  readonly probes?: readonly string[];
  /** What the outside world has answered so far. */
  readonly answers: Answers;
  /** Whom checks are about; undefined while there is no Service. */
  readonly arms?: Arms;
  /** Since when the canary's pods can have run at the earliest, by name. */
  readonly started: ReadonlyMap<string, Instant>;
  /** Canary pods that are not ready, by name. */
  readonly pods: readonly PodTrouble[];
};
