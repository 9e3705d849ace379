/** Host names of Services as routes write them: `web`, `web.shop`, `web.shop.svc`, `web.shop.svc.cluster.local`. */
import { anyName, type ServiceName } from '../values/route-format.ts';

/**
 * The Service that a host in a route of namespace `from` means. A bare name is relative to the route's own namespace; a
 * longer one names its namespace, and whatever follows `svc` is the cluster domain, which Sluice does not need to know.
 */
export const serviceAt = (host: string, from: string): ServiceName | undefined => {
  const [name = '', namespace = from, svc = 'svc'] = host.split('.');
  return name !== '' && svc === 'svc' ? { namespace, name } : undefined;
};

/** The same form of host for another Service of the same namespace: `web.shop.svc` → `web-canary.shop.svc`. */
export const withServiceName = (host: string, name: string): string => [name, ...host.split('.').slice(1)].join('.');

/** A cluster domain may have any name; in a wildcard without `svc`, only the usual ones can be recognised. */
const clusterDomains = new Set(['cluster.local', 'local']);

/**
 * The Services that a host means, wildcards included: `*.shop.svc.cluster.local` is every Service of the namespace shop,
 * `*.svc.cluster.local` and `*` are all. Undefined for hosts outside the cluster.
 */
export const servicesAt = (host: string, from: string): ServiceName | undefined => {
  if (!host.startsWith('*')) return serviceAt(host, from);
  const all = { namespace: anyName, name: anyName };
  if (host === '*') return all;
  // `*-web.shop.svc` matches some Services of the namespace; it is treated as matching all of them.
  const [, ...rest] = host.split('.');
  if (rest[0] === 'svc' || clusterDomains.has(rest.join('.'))) return all;
  const [namespace = '', svc] = rest;
  return svc === 'svc' ? { namespace, name: anyName } : undefined;
};

/** The Services that the hosts of an object mean. */
export const servicesOfHosts = (hosts: readonly string[], from = ''): readonly ServiceName[] =>
  hosts.flatMap((host) => servicesAt(host, from) ?? []);
