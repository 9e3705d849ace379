import {
  gvk,
  type Deployment,
  type EndpointSlice,
  type HorizontalPodAutoscaler,
  type PersistentVolumeClaim,
  type ReplicaSet,
  type Service,
} from '../values/kube-object.ts';
import type { Pod } from '../values/pod.ts';
import type { Release } from './release.ts';

/** Kinds Sluice reads or writes, with what their objects are read as. Providers declare their own kinds beside themselves. */
export const kinds = {
  deployment: gvk<Deployment>('apps/v1', 'Deployment', 'deployments'),
  replicaSet: gvk<ReplicaSet>('apps/v1', 'ReplicaSet', 'replicasets'),
  pod: gvk<Pod>('v1', 'Pod', 'pods'),
  service: gvk<Service>('v1', 'Service', 'services'),
  endpointSlice: gvk<EndpointSlice>('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  autoscaler: gvk<HorizontalPodAutoscaler>('autoscaling/v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
  claim: gvk<PersistentVolumeClaim>('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  event: gvk('events.k8s.io/v1', 'Event', 'events'),
  namespace: gvk('v1', 'Namespace', 'namespaces', false),
  secret: gvk('v1', 'Secret', 'secrets'),
  crd: gvk('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', false),
  mutatingWebhook: gvk(
    'admissionregistration.k8s.io/v1',
    'MutatingWebhookConfiguration',
    'mutatingwebhookconfigurations',
    false,
  ),
  validatingWebhook: gvk(
    'admissionregistration.k8s.io/v1',
    'ValidatingWebhookConfiguration',
    'validatingwebhookconfigurations',
    false,
  ),
  release: gvk<Release>('sluice.dev/v1alpha1', 'Release', 'releases'),
  canaryPolicy: gvk('sluice.dev/v1alpha1', 'CanaryPolicy', 'canarypolicies'),
  clusterCanaryPolicy: gvk('sluice.dev/v1alpha1', 'ClusterCanaryPolicy', 'clustercanarypolicies', false),
} as const;
