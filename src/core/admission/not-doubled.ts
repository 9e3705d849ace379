/**
 * What says that a workload's pods must not run twice, or cannot: a canary runs beside the stable pods. Somebody who
 * opts in the workload itself is warned. A namespace or a selector says nothing about this workload: it rolls natively.
 */
import type { Deployment, Json, JsonObject } from '../../values/kube-object.ts';
import { someOf } from '../../values/words.ts';
import { byItself, type OptIn } from '../policy/opt-in.ts';

/** `what` the manifest says, and what `happens` beside a canary. */
export type Doubled = { readonly what: string; readonly happens: string };

/** Access modes of a PersistentVolumeClaim; undefined if the claim is not known. */
export type ClaimModes = (namespace: string, claim: string) => readonly string[] | undefined;

const shown = 3;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (list: Json | undefined): readonly JsonObject[] =>
  Array.isArray(list) ? (list as readonly Json[]).filter(isObject) : [];

/** Claims that the pods share. With an ephemeral volume each pod has its own claim, so its access modes do not matter. */
const sharedClaims = (spec: JsonObject): readonly string[] =>
  objects(spec['volumes']).flatMap(({ persistentVolumeClaim: claim }) =>
    isObject(claim) && claim['readOnly'] !== true && typeof claim['claimName'] === 'string' ? [claim['claimName']] : [],
  );

type Sharing = 'pod' | 'node' | 'many' | 'unknown';

/** Who may mount a claim at once. A claim that lists several modes may be used in the widest of them. */
const sharing = (modes: readonly string[] | undefined): Sharing => {
  if (modes?.includes('ReadWriteMany') === true) return 'many';
  if (modes?.includes('ReadWriteOnce') === true) return 'node';
  if (modes?.includes('ReadWriteOncePod') === true) return 'pod';
  return modes?.includes('ReadOnlyMany') === true ? 'many' : 'unknown';
};

const exclusive: readonly (readonly [who: Exclude<Sharing, 'many'>, thing: string, happens: string])[] = [
  [
    'pod',
    'ReadWriteOncePod PersistentVolumeClaim',
    'a single pod may mount it, so the canary never starts beside the stable pods',
  ],
  [
    'node',
    'ReadWriteOnce PersistentVolumeClaim',
    'two versions write to it, or the canary does not start on another node',
  ],
  [
    'unknown',
    'unknown PersistentVolumeClaim',
    'Sluice does not know this claim (yet), so it may be ReadWriteOnce: two versions would write to it, or the canary would not start',
  ],
];

const claims = (deployment: Deployment, modesOf: ClaimModes | undefined): readonly Doubled[] => {
  const { namespace = '' } = deployment.metadata;
  const names = sharedClaims(deployment.spec.template.spec ?? {});
  return exclusive.flatMap(([who, thing, happens]) =>
    named(
      thing,
      names.filter((name) => sharing(modesOf?.(namespace, name)) === who),
      happens,
    ),
  );
};

const hostPorts = (spec: JsonObject): readonly string[] =>
  [...objects(spec['containers']), ...objects(spec['initContainers'])]
    .flatMap(({ ports }) => objects(ports))
    .flatMap(({ hostPort }) => (typeof hostPort === 'number' && hostPort > 0 ? [String(hostPort)] : []));

const named = (thing: string, names: readonly string[], happens: string): readonly Doubled[] =>
  names.length === 0
    ? []
    : [{ what: `${thing}${names.length === 1 ? '' : 's'} ${someOf([...new Set(names)], shown)}`, happens }];

/** Everything that speaks against a second set of pods, the weightiest first. */
export const notDoubled = (deployment: Deployment, modesOf: ClaimModes | undefined): readonly Doubled[] => {
  const { spec } = deployment;
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
    ...claims(deployment, modesOf),
    ...named('hostPort', hostPorts(pod), 'a canary pod starts only on a node without a stable pod'),
  ];
};

/** Why a workload that only its namespace or a selector opts in rolls natively; undefined where it is released. */
export const rollsAlone = (object: Deployment, optIn: OptIn, modesOf: ClaimModes | undefined): string | undefined => {
  if (!optIn.optedIn || byItself(optIn)) return undefined;
  const found = notDoubled(object, modesOf).map(({ what }) => what);
  return found.length === 0 ? undefined : found.join(', ');
};
