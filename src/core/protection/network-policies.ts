/**
 * Companions for NetworkPolicies that select stable's pods or admit them as peers. NetworkPolicies are additive (traffic is
 * allowed if any policy allows it), so a companion never restricts other pods.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
import type { Json, JsonObject, KubeObject } from '../../values/kube-object.ts';
import { gvk } from '../../values/kube-object.ts';
import { selects } from '../../values/label-selector.ts';
import type { Missing, ProtectingKind } from './protecting-kind.ts';
import { objectOf, objectsOf } from '../../values/json-values.ts';
import { canaryOnly, losesCanary, selectorOf, specOf } from './selecting.ts';
import type { ProtectedPods } from './subject.ts';

const directions = [
  { type: 'Ingress', rules: 'ingress', peers: 'from' },
  { type: 'Egress', rules: 'egress', peers: 'to' },
] as const;

/** Whether a peer of a policy in that namespace matches stable's pods but not the canary's. */
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

/** Each rule with its peers replaced by the result of `change`; rules left without peers are dropped. */
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

/** The same policy for the canary. Where stable's pods are peers of each other, canary pods are added as peers. */
const protecting = (spec: JsonObject, home: string, pods: ProtectedPods): JsonObject => ({
  ...spec,
  ...rulesWith(spec, (peers) =>
    peers.length === 0 ? undefined : [...peers, ...lostPeers(peers, home, pods).map((peer) => forCanary(peer, pods))],
  ),
  podSelector: canaryOnly(pods),
});

/** The `policyTypes` of a policy; if absent, derived from its rules like the API server's default. */
const typesOf = (spec: JsonObject): readonly Json[] => {
  const { policyTypes, egress } = spec;
  if (Array.isArray(policyTypes)) return policyTypes as readonly Json[];
  return egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
};

/**
 * The rules that admit stable as a peer, rewritten for the canary. The companion selects the same pods, so it isolates no
 * further pods.
 */
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

/** A peer refers to pods of other namespaces only with a namespaceSelector. */
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
