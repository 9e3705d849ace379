/** The routes that lead to a canary whose Release is gone, and how they would lead there alone. */
import { canaryServiceName } from '../core/release/canary.ts';
import { isTakenOver } from '../core/release/taken-over.ts';
import { isMade } from '../schema/names.ts';
import { isSameKind, kindOf, type KubeObject, type Service } from '../values/kube-object.ts';
import { percent, type Percent } from '../values/percent.ts';
import type { RouteFormat } from '../values/route-format.ts';
import { sameJson } from '../values/same-json.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { carried, releasesIn, type Place } from './left-routes.ts';

/** A route with a share for the canary. */
export type Lead = {
  readonly format: RouteFormat;
  readonly apex: string;
  readonly weight: Percent;
  readonly object: KubeObject;
  /** The route with all of the traffic for the canary. */
  readonly whole: KubeObject;
};

const all = percent(100);

/** Routes that lead to the canary behind this Service: users' that carry a split of it, and those that Sluice made. */
export const leadsTo = (
  deps: ControllerDependencies,
  { namespace }: Place,
  left: readonly KubeObject[],
  service: Service | undefined,
): readonly Lead[] =>
  service === undefined || service.metadata.deletionTimestamp !== undefined
    ? []
    : [...usersLeads(deps, namespace, left), ...madeLeads(deps, left, service.metadata.name)].filter(
        ({ weight }) => weight > 0,
      );

const usersLeads = (deps: ControllerDependencies, namespace: string, left: readonly KubeObject[]): readonly Lead[] =>
  carried(deps, namespace, releasesIn(left)).map(({ format, object, split }) => ({
    format,
    object,
    apex: split.apex,
    weight: split.split.weight,
    whole: format.put(object, { ...split, split: { weight: all } }),
  }));

/** A route that Sluice made has no record of its split: what it says is the split. */
const madeLeads = (
  { traffic }: ControllerDependencies,
  left: readonly KubeObject[],
  canaryService: string,
): readonly Lead[] =>
  left.filter(isMade).flatMap((object) => {
    const format = traffic.formats.find(({ gvk }) => isSameKind(gvk, kindOf(object)));
    const apex = format?.about(object).find(({ name }) => canaryServiceName(name) === canaryService)?.name;
    if (format === undefined || apex === undefined) return [];
    const split = format.observe([object], { apex, canaryService });
    if (split === undefined || split === 'unknown') return [];
    const put = format.put(object, { apex, canaryService, split: { weight: all }, release: '' });
    return [{ format, object, apex, weight: split.weight, whole: format.remember(object, put) }];
  });

/** Sends everything to the canary. What somebody has taken over is left alone. Resolves with the number of writes. */
export const leadAll = async (deps: ControllerDependencies, leads: readonly Lead[]): Promise<number> => {
  let writes = 0;
  for (const { format, object, whole } of leads) {
    if (isTakenOver(object) || sameJson(object, whole)) continue;
    await deps.cluster.replace(whole, format.gvk);
    writes += 1;
  }
  return writes;
};
