/** The index of releases and routes without an index: everything is read and looked at. What the real one is held against. */
import type { ReleaseIndex } from '../../src/controller/release-index.ts';
import type { ClusterView } from '../../src/ports/cluster.ts';
import { isFinal } from '../../src/core/release/state.ts';
import { kinds } from '../../src/schema/kinds.ts';
import type { Release } from '../../src/schema/release.ts';
import { isMade } from '../../src/schema/names.ts';
import { isSameKind, type Gvk } from '../../src/values/kube-object.ts';
import { fits } from '../../src/values/behind.ts';
import { concernedBy, means, type Concern } from '../../src/values/route-format.ts';

export const scanningIndex = (cluster: Pick<ClusterView, 'list'>, formats: readonly Concern[] = []): ReleaseIndex => {
  const releases = (namespace: string, wanted: (release: Release) => boolean): readonly Release[] =>
    cluster
      .list(kinds.release, namespace)
      .filter((release) => (release.metadata.namespace ?? '') === namespace && wanted(release));
  const isOpen = ({ status }: Release): boolean => !isFinal(status?.phase ?? 'Pending');
  return {
    // Told apart by tests of their own.
    protecting: () => [],
    companions: () => [],
    allCompanions: () => [],
    ofWorkload: (namespace, workload) => releases(namespace, ({ spec }) => spec.workload.name === workload),
    open: (namespace) => releases(namespace, isOpen),
    onService: (namespace, service) =>
      releases(namespace, (release) => isOpen(release) && release.status?.service === service),
    waiting: (namespace) => releases(namespace, ({ status }) => (status?.phase ?? 'Pending') === 'Pending'),
    madeFor: (namespace, workload) =>
      [kinds.deployment, kinds.service, ...formats.map(({ gvk }) => gvk)]
        .flatMap((gvk: Gvk) => cluster.list(gvk, namespace))
        .filter((one) => isMade(one) && one.metadata.annotations?.['sluice.dev/workload'] === workload),
    slicesFor: (namespace, { name: release }) =>
      cluster
        .list(kinds.endpointSlice, namespace)
        .filter(({ metadata }) => metadata.labels?.['sluice.dev/release'] === release),
    autoscalerOf: (namespace, workload) =>
      cluster.list(kinds.autoscaler, namespace).find(({ spec }) => spec.scaleTargetRef.name === workload),
    podsOf: (namespace, canary) =>
      cluster.list(kinds.pod, namespace).filter(({ metadata }) => metadata.name.startsWith(`${canary}-`)),
    slicesOf: (namespace, service) =>
      cluster
        .list(kinds.endpointSlice, namespace)
        .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service),
    routesAbout: (gvk, { namespace, name }) => {
      const format = formats.find((one) => isSameKind(one.gvk, gvk));
      const objects = format === undefined ? [] : cluster.list(gvk);
      return objects.filter(
        (object) =>
          format !== undefined && concernedBy(format, object).some((told) => means(told, { namespace, name })),
      );
    },
    selectedBy: (namespace, selector) =>
      cluster
        .list(kinds.deployment, namespace)
        .filter(({ spec }) => fits(selector, spec.template.metadata?.labels ?? {})),
  };
};
