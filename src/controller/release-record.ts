/** What a Release records when it is created: the release before, the changes, and who asked for it. */
import { reachableOf } from '../core/release/apex-fit.ts';
import { templateDiff } from '../core/template/template-diff.ts';
import type { Deployment, PodTemplate } from '../values/kube-object.ts';
import { printable } from '../values/printable.ts';
import { ClusterError } from '../ports/cluster.ts';
import type { Phase, ReleaseSpec, Release } from '../schema/release.ts';
import type { LogFields } from '../telemetry/log.ts';
import type { ControllerDependencies } from './dependencies.ts';
import { releasesOf } from './gather.ts';
import { keptTemplates } from './replica-sets.ts';

const recordedLines = 19;
const mostPorts = 256;

/** Phases of releases whose template went into production. */
const brought: ReadonlySet<Phase> = new Set(['Succeeded', 'Skipped', 'Bypassed']);

/** Name of the newest Release that brought this template to production, if it has not been pruned. */
export const broughtBy = (deps: ControllerDependencies, { metadata }: Deployment, hash: string): string | undefined =>
  releasesOf(deps.index, metadata.namespace ?? '', metadata.name, metadata.uid).findLast(
    ({ spec, status }) => spec.templateHash === hash && status !== undefined && brought.has(status.phase),
  )?.name;

/** Reads from the API server, which is rare, if the watch has not seen the template. */
const templateOf = async (
  { cluster, formerTemplates }: ControllerDependencies,
  workload: Deployment,
  hash: string,
): Promise<PodTemplate | undefined> =>
  formerTemplates.take(workload.metadata.uid, hash) ??
  (await keptTemplates(cluster, workload)).find((one) => one.hash === hash)?.template;

/**
 * The stable template; undefined if no ReplicaSet has it any more or it cannot be read. An incomplete record is better
 * than a release that does not start, so only a passing fault is retried.
 */
const stableOf = async (
  deps: ControllerDependencies,
  workload: Deployment,
  hash: string,
): Promise<PodTemplate | undefined> => {
  try {
    return await templateOf(deps, workload, hash);
  } catch (error) {
    if (error instanceof ClusterError && !error.passing) return undefined;
    throw error;
  }
};

/** The release before and the differences from the stable template, as far as they are known. */
export const recordOf = async (
  deps: ControllerDependencies,
  workload: Deployment,
  stableHash: string,
): Promise<Pick<ReleaseSpec, 'from' | 'changes' | 'stable'>> => {
  const from = broughtBy(deps, workload, stableHash);
  const stable = await stableOf(deps, workload, stableHash);
  return {
    ...(from === undefined ? {} : { from }),
    ...(stable === undefined ? {} : { ...changesFrom(stable, workload), stable: reached(stable) }),
  };
};

const changesFrom = (stable: PodTemplate, { spec }: Deployment): Pick<ReleaseSpec, 'changes'> => ({
  changes: [...templateDiff(stable, spec.template, recordedLines)],
});

const reached = (template: PodTemplate): NonNullable<ReleaseSpec['stable']> => {
  const { labels, ports } = reachableOf(template);
  return { labels, ports: ports.slice(0, mostPorts) };
};

/** The line that says who changed what when, with which tool, from which release to which. */
export const logRecord = ({ log }: ControllerDependencies, release: Release): void => {
  const { namespace = '', name } = release.metadata;
  const spec = release.spec;
  const changes = (spec.changes ?? []).map((line) => printable(line)).join('; ');
  log.info(fieldsOf(namespace, name, spec), `release created${changes === '' ? '' : `: ${changes}`}`);
};

const fieldsOf = (namespace: string, name: string, spec: ReleaseSpec): LogFields => {
  const { workload, requestedBy, from, stableHash, templateHash } = spec;
  return {
    namespace,
    workload: workload.name,
    release: name,
    ...(requestedBy === undefined ? {} : { user: printable(requestedBy.user) }),
    ...(requestedBy?.uid === undefined ? {} : { userUid: printable(requestedBy.uid) }),
    ...(requestedBy?.tool === undefined ? {} : { tool: printable(requestedBy.tool) }),
    ...(from === undefined ? {} : { from }),
    fromHash: stableHash,
    to: name,
    toHash: templateHash,
  };
};
