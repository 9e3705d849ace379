/**
 * Linkerd's Servers, which select pods, and the policies that name a Server.
 * https://linkerd.io/2/reference/authorization-policy/
 */
import { gvk, type KubeObject } from '../../values/kube-object.ts';
import type { Missing, ProtectingKind, Renamed } from './protecting-kind.ts';
import { objectOf } from '../../values/json-values.ts';
import { canaryOnly, losesCanary, selectorOf, specOf } from './selecting.ts';
import type { ProtectedPods } from './subject.ts';

const server = gvk('policy.linkerd.io/v1beta3', 'Server', 'servers');

const isHere = ({ metadata }: KubeObject, { namespace }: ProtectedPods): boolean => metadata.namespace === namespace;

const missingServer = (object: KubeObject, pods: ProtectedPods): Missing | undefined => {
  const spec = specOf(object);
  if (spec['podSelector'] === undefined || !isHere(object, pods)) return undefined;
  return losesCanary(selectorOf(spec['podSelector']), pods)
    ? { copies: [{ spec: { ...spec, podSelector: canaryOnly(pods) } }] }
    : undefined;
};

const companionOf = (name: unknown, renamed: Renamed): string | undefined =>
  typeof name === 'string' ? renamed.get(`${server.kind}/${name}`) : undefined;

const missingPolicy = (object: KubeObject, pods: ProtectedPods, renamed: Renamed): Missing | undefined => {
  const spec = specOf(object);
  const target = objectOf(spec['targetRef']);
  const name =
    isHere(object, pods) && target['kind'] === server.kind ? companionOf(target['name'], renamed) : undefined;
  return name === undefined ? undefined : { copies: [{ spec: { ...spec, targetRef: { ...target, name } } }] };
};

/**
 * A ServerAuthorization that selects Servers by labels is not copied, because what it covers depends on the labels of the
 * Servers.
 */
const missingServerAuthorization = (object: KubeObject, pods: ProtectedPods, renamed: Renamed): Missing | undefined => {
  const spec = specOf(object);
  if (!isHere(object, pods) || renamed.size === 0) return undefined;
  const wanted = objectOf(spec['server']);
  if (wanted['selector'] !== undefined) return { cannot: 'it finds its Servers by their labels' };
  const name = companionOf(wanted['name'], renamed);
  return name === undefined ? undefined : { copies: [{ spec: { ...spec, server: { name } } }] };
};

const use = (of: ProtectingKind['use']['gvk']): ProtectingKind['use'] => ({
  gvk: of,
  access: ['read', 'own'],
  needed: [],
});

/** Servers come first, because the other kinds refer to them. */
export const linkerdKinds: readonly ProtectingKind[] = [
  { use: use(server), matters: 'security', atAdmission: true, missing: missingServer },
  {
    use: use(gvk('policy.linkerd.io/v1alpha1', 'AuthorizationPolicy', 'authorizationpolicies')),
    matters: 'security',
    missing: missingPolicy,
  },
  {
    use: use(gvk('policy.linkerd.io/v1beta1', 'ServerAuthorization', 'serverauthorizations')),
    matters: 'security',
    atAdmission: true,
    missing: missingServerAuthorization,
  },
];
