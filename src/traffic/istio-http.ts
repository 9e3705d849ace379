/** Reads the http rules of VirtualServices, and whom they are for. */
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { objectsOf, textOf, textsOf } from '../values/json-values.ts';
import type { Asked } from './additions.ts';
import { serviceAt } from './service-host.ts';
import type { LiveList } from './weighted-kind.ts';

/** The reserved gateway name for all sidecars; the default where a VirtualService names no gateway. */
const mesh = 'mesh';

/** Whether a VirtualService applies to gateways only, so that it does not affect requests from sidecars. */
export const isForGateways = ({ spec }: KubeObject): boolean => {
  const gateways = textsOf(spec?.['gateways']);
  return gateways.length > 0 && !gateways.includes(mesh);
};

/** Whether its labels tell who calls: a gateway has only its own, and what delegates may name gateways of which nothing is known here. */
export type Callers = 'mesh' | 'gateways' | 'delegated';

export const callersOf = (object: KubeObject): Callers => {
  if (isForGateways(object)) return 'gateways';
  return textsOf(object.spec?.['hosts']).length === 0 ? 'delegated' : 'mesh';
};

export const httpOf = ({ spec }: KubeObject): readonly JsonObject[] => objectsOf(spec?.['http']);

/** The list of the http rule with this index, if it gives the apex traffic. */
export const httpList = ({ lists }: Asked, index: number): readonly LiveList[] =>
  lists.filter(({ path }) => path[1] === 'http' && path[2] === index);

/** Tells destinations that are one of these Services in the namespace of the object. */
export const isServiceIn =
  ({ metadata: { namespace = '' } }: KubeObject, names: readonly string[]) =>
  ({ host }: JsonObject): boolean => {
    const service = serviceAt(textOf(host), namespace);
    return service?.namespace === namespace && names.includes(service.name);
  };
