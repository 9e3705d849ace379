/**
 * What people do, and what Sluice has to do then. Each case has tests whose names begin with its id (`F2: …`); the page is
 * generated from both. `native`: what the plain rolling update of the same write does, where there is one.
 */
export type FieldCase = {
  readonly people: string;
  readonly sluice: string;
  readonly native?: string;
};

export const fieldCases: Readonly<Record<string, FieldCase>> = {
  F1: {
    people: 'change a pod label and the Service selector in one commit',
    sluice:
      'sees that the Service no longer leads to stable; the canary takes all the traffic, sized for it, and it is said',
    native: 'serves again as soon as the first new pod is ready',
  },
  F2: {
    people: 'move the port in Deployment and Service together',
    sluice:
      "lets the canary's Service follow the user's; where stable listens on no port of it, the canary takes over; without a mesh it rolls natively, and its Release says why",
    native: 'serves again as soon as the first new pod is ready',
  },
  F3: {
    people: 'have two Deployments behind one Service, told apart by subsets of a DestinationRule',
    sluice: "splits the rules of the released workload's subset alone, or does not start and names the rule",
  },
  F4: {
    people: 'prune the ConfigMap that stable needs in the middle of a release, and stable pods restart',
    sluice: 'says that stable has no ready pods, and lets the canary serve',
    native: 'has replaced the old pods by then',
  },
  F5: {
    people: 'have a HorizontalPodAutoscaler that shrinks stable while the canary takes its share',
    sluice: 'sizes the canary by the largest size of stable, and lets stable grow back before it gets everything',
    native: 'keeps the size',
  },
  F6: {
    people: 'have a quota or nodes for one pod more than the replicas',
    sluice: "gives the canary's pods back for its own promotion, and says the words of the quota",
    native: 'rolls in seconds',
  },
  F7: {
    people: 'use on-failure revert beside a tool that applies Git again and again',
    sluice: 'remembers the failed template and holds it until retry: one release, no loop',
  },
  F8: {
    people: 'split by pods, and one of the canary pods cannot start',
    sluice: 'judges the pods that serve, and shows how many they are',
  },
  F9: {
    people: 'release a version that crashes every few seconds',
    sluice: 'sums the time without ready pods against the deadline, and fails with the words of the container',
    native: 'stops at the first pod that does not stay up',
  },
  F10: {
    people: 'have pods of their own with the label value that canary pods get',
    sluice: "selects by the uid of the release: nobody else's pods are taken for the canary",
  },
  F11: {
    people: 'put a Deployment and its CanaryPolicy into one chart or folder',
    sluice: 'admits the first version with a warning, and holds a later one until the policy is there',
  },
  F12: {
    people: 'correct an annotation, a label or a policy while the release is still Pending',
    sluice: 'takes the correction and starts',
  },
  F13: {
    people: 'opt in a namespace with Recreate workloads, single-writer volumes or host ports',
    sluice:
      'lets those roll natively, and says so (claims are told by their access modes); warns a workload that opts in by itself of what runs twice',
  },
  F14: {
    people: 'write a policy that covers Sluice itself, and the webhook dies',
    sluice: 'is never asked about system namespaces and its own; the way out by kubectl alone is a tested page',
  },
  F15: {
    people: 'release an image that cannot be pulled, or pods that nothing can run',
    sluice: 'says within seconds what the pods wait for, in the words of the kubelet or the scheduler',
  },
  F16: {
    people: 'opt in a namespace with workers that have no Service',
    sluice: 'lets them roll natively, at once, and records why',
  },
  F17: {
    people: 'release ten times a day for a year',
    sluice: 'keeps the newest Releases of each workload, ten by default',
  },
  F18: {
    people: 'scale a workload to 0 in the middle of a release',
    sluice: 'takes 0 for off: the canary goes too, and stable comes up first',
  },
  F19: {
    people: 'select by expressions',
    sluice: 'builds selectors that agree with their labels, and gives advice that can be followed',
  },
  F20: { people: 'annotate other kinds, or workloads in kube-system', sluice: 'says that they are not released' },
  F21: {
    people: 'have budgets and monitors that select by the label that canary pods lack',
    sluice: 'copies them for the length of the release, or names them in the Release',
  },
  R1: {
    people: 'have several versions of a workload behind one Service',
    sluice: "splits the released version's own traffic, sizes the canary by everybody's, and says who shares it",
  },
  R2: {
    people: 'count requests with words for a status',
    sluice: 'takes only codes for codes; words are unknown and hold',
  },
  R3: {
    people: 'have a route that owns the host and sends elsewhere, or callers that obey no split',
    sluice: 'names the route before the start; holds with both counts where the traffic does not follow the weight',
  },
  R4: {
    people: 'protect pods by NetworkPolicies and policies of a mesh',
    sluice: 'copies them for the canary before its first pod, or does not start and names the object',
  },
  R5: {
    people: 'start without a mesh, with one replica',
    sluice:
      'shows the share that is served ("1 of 2 pods: about 50 %") beside the weight, and why the split is by pods',
  },
  R7: {
    people: 'bring queries from alerts, Grafana, Flagger or Argo Rollouts',
    sluice: 'holds them to the grammar of PromQL, and says at admission what to write instead',
  },
  R8: {
    people: 'use images with long names and digests',
    sluice: 'shows the part that differs, with digests on both sides',
  },
  R9: {
    people: 'measure applications whose metrics count probes, or have other names',
    sluice: 'wants a least number of requests, reads the usual names, and says which series it looked for',
  },
  R10: {
    people: 'use waypoints, or pods without a sidecar behind a gateway',
    sluice: 'reads their reporters, each request once',
  },
  R11: {
    people: 'write hosts with a trailing dot, routes for a gateway alone, or change the tool that applies',
    sluice: 'reads every form of a host, and says what a gateway route leaves out',
  },
  D1: {
    people: 'apply a fix while the canary of the failed release is not yet collected',
    sluice: 'never takes an object of another release for its own, and waits until its pods are gone',
  },
  D2: {
    people: 'restart the API server',
    sluice: 'repeats no request without a new fact; watches are back within seconds',
  },
  D3: {
    people: 'lose istiod around the end of a release',
    sluice: 'takes pods away when nobody sends to them any more, or after a bound of minutes',
  },
  D4: {
    people: 'delete the Release in the middle',
    sluice: 'refuses with the right command; deleted nevertheless, routes go back before the canary',
  },
  D5: {
    people: 'have a strategy in which stable goes away as a whole',
    sluice: 'lets the canary take everything first',
    native: 'has no pod for a while',
  },
  D6: {
    people: 'delete the Deployment in the middle and make it again',
    sluice: 'lets the ready canary serve until the new pods are ready, and for a minute where it is not made again',
    native: 'has no pod until the new ones are ready',
  },
  D7: {
    people: 'scale to 0 and up again in the middle',
    sluice: 'lets stable come up before the canary gets its share',
  },
  D8: {
    people: 'release a version whose readiness flaps',
    sluice: 'sums the time without ready pods, tells it once, and fails at the deadline',
  },
  D9: {
    people: 'delete the canary Deployment under broken glass',
    sluice: 'takes the split out before it says that it is promoted',
  },
  D10: { people: 'have machines whose clocks jump', sluice: 'measures spans by a clock that does not jump' },
  D11: {
    people: 'end Sluice in the middle of a release and go on by hand',
    sluice: 'says at its end what it leaves; the page has the commands in order, the route first',
  },
  D13: {
    people: 'delete the CRDs in the middle',
    sluice:
      'gives routes back from the marks on the objects alone; stable serves, and the answer says what is missing and lets a person resume',
  },
  D16: {
    people: 'run two development processes in one cluster',
    sluice: 'refuses the second of the same name while the first answers; neither takes the rights of the other away',
  },
  L1: {
    people: 'have Linkerd proxies in use while a TrafficSplit is made',
    sluice: 'holds where callers do not follow the split, with both counts and the likely cause',
  },
  C1: {
    people: 'send the webhook bodies that no API server sends',
    sluice: 'answers with 4xx in bounded time and memory',
  },
  C2: { people: 'write an address into a policy', sluice: "asks nobody whom the operator's list does not allow" },
  C3: {
    people: 'follow a hint that Sluice gives, or use the tools around it',
    sluice: 'gives complete commands, each of which works',
  },
  C4: {
    people: 'write an address that nobody can ask, a bound that nothing meets, or a query that is only a comment',
    sluice: 'refuses each, with the field, the value and what is allowed',
  },
};
