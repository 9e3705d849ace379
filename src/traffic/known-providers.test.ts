import { describe, expect, it } from '@jest/globals';
import { isSameKind, type Gvk, type KubeObject, type ObjectRef } from '../values/kube-object.ts';
import { kinds } from '../schema/kinds.ts';
import type { ClusterView } from '../ports/cluster.ts';
import { knownProviders } from './known-providers.ts';

/** A cluster that serves these kinds and, if it watches CRDs, has these. */
const aView = (served: readonly string[], definitions?: readonly string[]): ClusterView => ({
  get: <T extends KubeObject>({ gvk, name }: ObjectRef<T>) =>
    isSameKind(gvk, kinds.crd) && definitions?.includes(name) === true ? ({ metadata: { name } } as T) : undefined,
  list: () => [],
  serves: (gvk: Gvk) => (isSameKind(gvk, kinds.crd) ? definitions !== undefined : served.includes(gvk.kind)),
});
const missing = (view: ClusterView): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(knownProviders(view)).map(([name, provider]) => [name, provider.missing?.(new Set()) ?? []]),
  );

const virtualService = 'VirtualService (networking.istio.io/v1)';
const trafficSplit = 'TrafficSplit (split.smi-spec.io/v1alpha2)';

describe('knownProviders', () => {
  it('are those a policy can name, with what each can do', () => {
    const known = knownProviders(aView([]));
    expect(Object.keys(known)).toEqual(expect.arrayContaining(['istio', 'linkerd', 'smi', 'kubernetes']));
    expect(known).not.toHaveProperty('memory');
    expect(known['kubernetes']?.can).toMatchObject({ splits: 'replicas', granularity: 1 });
  });

  it.each([
    ['nothing is installed', aView([]), { istio: [virtualService], smi: [trafficSplit], linkerd: [trafficSplit] }],
    ['routes are watched', aView(['VirtualService']), { istio: [], smi: [trafficSplit] }],
    ['definitions are watched', aView([], ['virtualservices.networking.istio.io']), { istio: [], smi: [trafficSplit] }],
  ])('miss the kinds that are not served, when %s', (_case, view, expected) =>
    expect(missing(view)).toMatchObject({ ...expected, kubernetes: [] }),
  );
});
