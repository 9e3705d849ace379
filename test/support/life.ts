/** What the stories of one workload's life share: many workloads on one stage, each with a Service of its own. */
import { readMarks, type Marks } from '../../src/core/marks/marks.ts';
import type { JsonObject, KubeObject } from '../../src/values/kube-object.ts';
import type { ReleaseStatus } from '../../src/schema/release.ts';
import { app, service, type AppTraits } from './manifests.ts';
import type { SeenRelease, Stage } from './stage.ts';

/** `spec` goes over the Deployment's own. */
export type Version = Omit<AppTraits, 'name' | 'replicas'> & { readonly spec?: JsonObject };

export type Life = {
  readonly name: string;
  manifest(version: Version): JsonObject;
  /** kubectl's words. */
  apply(version: Version): Promise<string>;
  releases(): readonly SeenRelease[];
  object(): KubeObject;
  marks(): Marks;
  /** Version of the template. */
  version(): string;
  paused(): boolean;
  untilPhase(release: string, phase: ReleaseStatus['phase']): Promise<SeenRelease>;
  /** The newest release has its first split. */
  untilUnderWay(): Promise<SeenRelease>;
  rolledOut(): Promise<true>;
};

export const lifeOf = (stage: Stage, name: string, replicas = 2): Life => {
  const manifest = ({ spec = {}, ...traits }: Version): JsonObject => {
    const made = app({ name, replicas, ...traits }) as { readonly spec: JsonObject };
    return { ...made, spec: { ...made.spec, ...spec } };
  };
  const releases = (): readonly SeenRelease[] => stage.releases(name);
  const object = (): KubeObject => {
    const found = stage.deployment(name);
    if (found === undefined) throw new Error(`no Deployment ${name}`);
    return found;
  };
  return {
    name,
    manifest,
    apply: (version) => stage.apply(manifest(version)),
    releases,
    object,
    marks: () => readMarks(object().metadata.annotations),
    version: () => /sluice\.test\/app:(\w+)/.exec(JSON.stringify(object().spec?.['template']))?.[1] ?? '',
    paused: () => object().spec?.['paused'] === true,
    untilPhase: (release, phase) =>
      stage.until(`release ${release} to be ${phase}`, () => {
        const found = releases().find((one) => one.name === release);
        return found?.status?.phase === phase ? found : undefined;
      }),
    untilUnderWay: () =>
      stage.until(`a release of ${name} to be under way`, () => {
        const newest = releases().at(-1);
        const { splitInPlaceAt, step, ending } = newest?.status ?? {};
        return step === 1 && splitInPlaceAt !== undefined && ending === undefined ? newest : undefined;
      }),
    rolledOut: () => stage.untilRolledOut(name),
  };
};

/** Puts workloads of version v1 on the stage, with their Services, all rolled out. */
export const begin = async (stage: Stage, lives: readonly Life[], version: Omit<Version, 'version'>): Promise<void> => {
  await stage.apply(...lives.flatMap((life) => [service(life.name), life.manifest({ ...version, version: 'v1' })]));
  await Promise.all(lives.map((life) => life.rolledOut()));
};
