/**
 * What says that a workload's pods must not run twice, or cannot: a canary runs beside the stable pods. Somebody who
 * opts in the workload itself is warned. A namespace or a selector says nothing about this workload: it rolls natively.
 */
import type { Deployment, Json, JsonObject } from '../../values/kube-object.ts';
import { someOf } from '../../values/words.ts';
import { byItself, type OptIn } from '../policy/opt-in.ts';

/** `what` the manifest says, and what `happens` beside a canary. */
export type Doubled = { readonly what: string; readonly happens: string };

const shown = 3;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (list: Json | undefined): readonly JsonObject[] =>
  Array.isArray(list) ? (list as readonly Json[]).filter(isObject) : [];

/** Whether a claim can be mounted by many is written in the claim, which the webhook does not read. */
const claims = (spec: JsonObject): readonly string[] =>
  objects(spec['volumes']).flatMap(({ persistentVolumeClaim: claim }) =>
    isObject(claim) && claim['readOnly'] !== true && typeof claim['claimName'] === 'string' ? [claim['claimName']] : [],
  );

const hostPorts = (spec: JsonObject): readonly string[] =>
  [...objects(spec['containers']), ...objects(spec['initContainers'])]
    .flatMap(({ ports }) => objects(ports))
    .flatMap(({ hostPort }) => (typeof hostPort === 'number' && hostPort > 0 ? [String(hostPort)] : []));

const named = (thing: string, names: readonly string[], happens: string): readonly Doubled[] =>
  names.length === 0
    ? []
    : [{ what: `${thing}${names.length === 1 ? '' : 's'} ${someOf([...new Set(names)], shown)}`, happens }];

/** Everything that speaks against a second set of pods, the weightiest first. */
export const notDoubled = ({ spec }: Deployment): readonly Doubled[] => {
  const pod = spec.template.spec ?? {};
  const recreate = spec.strategy?.['type'] === 'Recreate';
  return [
    ...(recreate
      ? [
          {
            what: 'strategy Recreate',
            happens: 'the canary runs beside the stable pods all the same, so a lock or a single writer is there twice',
          },
        ]
      : []),
    ...named(
      'PersistentVolumeClaim',
      claims(pod),
      'the canary mounts it beside the stable pods; with ReadWriteOnce two versions write to it or the canary does not start, with ReadWriteOncePod it never starts',
    ),
    ...named('hostPort', hostPorts(pod), 'a canary pod starts only on a node without a stable pod'),
  ];
};

/** Why a workload that only its namespace or a selector opts in rolls natively; undefined where it is released. */
export const rollsAlone = (object: Deployment, optIn: OptIn): string | undefined => {
  if (!optIn.optedIn || byItself(optIn)) return undefined;
  const found = notDoubled(object).map(({ what }) => what);
  return found.length === 0 ? undefined : found.join(', ');
};
