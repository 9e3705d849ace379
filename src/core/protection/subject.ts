/** The pods to protect: the labels of stable's pods, and those that canary pods have instead. */
import type { Labels } from '../../values/kube-object.ts';

export type ProtectedService = { readonly name: string; readonly labels: Labels };

export type ProtectedPods = {
  readonly namespace: string;
  /** Labels of the namespace, for peers that name it. */
  readonly namespaceLabels: Labels;
  /** Labels of stable's pods. */
  readonly stable: Labels;
  /** Labels of the canary's pods. */
  readonly canary: Labels;
  /** Labels of the canary's pods that no other pod has; companions select by these. */
  readonly identity: Labels;
  /** The user's Service and the canary's; undefined if the canary's pods are behind the user's Service. */
  readonly services?: { readonly apex: ProtectedService; readonly canary: ProtectedService };
};
