/**
 * NetworkPolicies: those that protect stable's pods, and those that let them in as peers. Policies add up (what any of them
 * allows is allowed), so a companion never takes anything from others.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import type { Json, JsonObject, KubeObject } from '../../values/kube-object.ts';
import { gvk } from '../../values/kube-object.ts';
import { selects } from '../../values/label-selector.ts';
import type { Missing, ProtectingKind } from './protecting-kind.ts';
import { canaryOnly, losesCanary, objectOf, objectsOf, selectorOf, specOf } from './selecting.ts';
import type { ProtectedPods } from './subject.ts';

const directions = [
  { type: 'Ingress', rules: 'ingress', peers: 'from' },
  { type: 'Egress', rules: 'egress', peers: 'to' },
] as const;

/** Whether a peer of a policy in that namespace lets stable's pods in and not the canary's. */
const losesPeer = (peer: JsonObject, home: string, pods: ProtectedPods): boolean => {
  const { podSelector, namespaceSelector } = peer;
  if (podSelector === undefined) return false;
  const isThere =
    namespaceSelector === undefined
      ? home === pods.namespace
      : selects(selectorOf(namespaceSelector), pods.namespaceLabels);
  return isThere && losesCanary(selectorOf(podSelector), pods);
};

const forCanary = (peer: JsonObject, pods: ProtectedPods): JsonObject => ({ ...peer, podSelector: canaryOnly(pods) });

type Rules = { readonly [direction: string]: readonly JsonObject[] };

/** Each rule with the peers that `change` makes of its own; without rules that have none. */
const rulesWith = (
  spec: JsonObject,
  change: (peers: readonly JsonObject[], rule: JsonObject) => readonly JsonObject[] | undefined,
): Rules =>
  Object.fromEntries(
    directions.flatMap(({ rules, peers }) => {
      const changed = objectsOf(spec[rules]).flatMap((rule) => {
        const made = change(objectsOf(rule[peers]), rule);
        if (made === undefined) return [rule];
        return made.length === 0 ? [] : [{ ...rule, [peers]: made }];
      });
      return changed.length === 0 ? [] : [[rules, changed]];
    }),
  );

const lostPeers = (peers: readonly JsonObject[], home: string, pods: ProtectedPods): readonly JsonObject[] =>
  peers.filter((peer) => losesPeer(peer, home, pods));

/** The same protection for the canary; pods that stable may talk to among themselves may be canaries there. */
const protecting = (spec: JsonObject, home: string, pods: ProtectedPods): JsonObject => ({
  ...spec,
  ...rulesWith(spec, (peers) =>
    peers.length === 0 ? undefined : [...peers, ...lostPeers(peers, home, pods).map((peer) => forCanary(peer, pods))],
  ),
  podSelector: canaryOnly(pods),
});

/** Directions in which the policy isolates; left out, they follow from its rules, as the API server fills them in. */
const typesOf = (spec: JsonObject): readonly Json[] => {
  const { policyTypes, egress } = spec;
  if (Array.isArray(policyTypes)) return policyTypes as readonly Json[];
  return egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
};

/** What lets stable in, for the canary alone. It isolates nobody who is not isolated already. */
const admitting = (spec: JsonObject, home: string, pods: ProtectedPods): JsonObject | undefined => {
  const rules = rulesWith(spec, (peers) => lostPeers(peers, home, pods).map((peer) => forCanary(peer, pods)));
  const opened = directions.filter((one) => typesOf(spec).includes(one.type) && rules[one.rules] !== undefined);
  if (opened.length === 0) return undefined;
  return {
    podSelector: objectOf(spec['podSelector']),
    policyTypes: opened.map(({ type }) => type),
    ...Object.fromEntries(opened.map((one) => [one.rules, rules[one.rules]])),
  };
};

const missing = (object: KubeObject, pods: ProtectedPods): Missing | undefined => {
  const spec = specOf(object);
  const home = object.metadata.namespace ?? '';
  const own = home === pods.namespace && losesCanary(selectorOf(spec['podSelector']), pods);
  const peers = admitting(spec, home, pods);
  const copies = [
    ...(own ? [{ spec: protecting(spec, home, pods) }] : []),
    ...(peers === undefined ? [] : [{ role: 'peers', spec: peers }]),
  ];
  return copies.length === 0 ? undefined : { copies };
};

/** Only with a namespaceSelector does a peer mean pods of other namespaces. */
const namesOtherNamespaces = (object: KubeObject): boolean => {
  const spec = specOf(object);
  return directions.some(({ rules, peers }) =>
    objectsOf(spec[rules]).some((rule) =>
      objectsOf(rule[peers]).some(
        (peer) => peer['namespaceSelector'] !== undefined && peer['podSelector'] !== undefined,
      ),
    ),
  );
};

export const networkPolicies: ProtectingKind = {
  use: {
    gvk: gvk('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies'),
    access: ['read', 'own'],
    needed: [],
    builtIn: true,
  },
  matters: 'security',
  reaches: namesOtherNamespaces,
  missing,
};
