/**
 * Cilium's policies are only read, not copied: their peers have several forms, and a wrong copy could allow what the
 * original denies. https://docs.cilium.io/en/stable/security/policy/language/
 */
import { gvk, type KubeObject } from '../../values/kube-object.ts';
import type { Missing, ProtectingKind } from './protecting-kind.ts';
import { objectsOf } from '../../values/json-values.ts';
import { losesCanary, selectorOf, specOf } from './selecting.ts';
import type { ProtectedPods } from './subject.ts';

/** Cilium writes `k8s:app` or `any:app` for the label `app`. */
const plainKeys = (selector: ReturnType<typeof selectorOf>): ReturnType<typeof selectorOf> => {
  const plain = (key: string): string => key.replace(/^(k8s|any)[:.]/, '');
  return {
    matchLabels: Object.fromEntries(Object.entries(selector.matchLabels ?? {}).map(([key, v]) => [plain(key), v])),
    matchExpressions: (selector.matchExpressions ?? []).map((one) => ({ ...one, key: plain(one.key) })),
  };
};

const endpointPeers = [
  ['ingress', 'fromEndpoints'],
  ['egress', 'toEndpoints'],
  ['ingressDeny', 'fromEndpoints'],
  ['egressDeny', 'toEndpoints'],
] as const;

const missing = (object: KubeObject, pods: ProtectedPods): Missing | undefined => {
  if (object.metadata.namespace !== pods.namespace) return undefined;
  const spec = specOf(object);
  const selectors = [
    ...(spec['endpointSelector'] === undefined ? [] : [spec['endpointSelector']]),
    ...endpointPeers.flatMap(([rules, peers]) => objectsOf(spec[rules]).flatMap((rule) => objectsOf(rule[peers]))),
  ];
  return selectors.some((one) => losesCanary(plainKeys(selectorOf(one)), pods))
    ? { cannot: 'Sluice does not copy policies of Cilium' }
    : undefined;
};

export const ciliumKinds: readonly ProtectingKind[] = [
  {
    use: {
      gvk: gvk('cilium.io/v2', 'CiliumNetworkPolicy', 'ciliumnetworkpolicies'),
      access: ['read'],
      needed: [],
    },
    matters: 'security',
    atAdmission: true,
    missing,
  },
];
