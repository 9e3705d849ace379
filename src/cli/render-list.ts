/** Renders many releases, one line each. */
import { printable } from '../values/printable.ts';
import type { Instant } from '../values/time.ts';
import { shareOf, type ReleaseView } from './release-view.ts';
import { age, table } from './render-text.ts';

export type ListedWorkload = {
  readonly namespace: string;
  readonly name: string;
  readonly release?: ReleaseView;
  /** It asks for releases in a system namespace, where there are none. */
  readonly outOfReach?: true;
};

const head = ['WORKLOAD', 'PHASE', 'STEP', 'WEIGHT', 'AGE', 'RELEASE', 'BY', 'MESSAGE'];

const withoutRelease = ({ namespace, outOfReach }: ListedWorkload): string =>
  outOfReach === true
    ? `not released: ${namespace} is a system namespace; it rolls natively`
    : 'opted in; no release yet';

const row = (workload: ListedWorkload, now: Instant): readonly string[] => {
  const { name, release } = workload;
  if (release === undefined) return [name, '-', '-', '-', '-', '-', '-', withoutRelease(workload)];
  const by = printable(release.spec.requestedBy?.user ?? '-');
  const { phase, stepLabel = '-', message = '' } = release.status;
  const share = shareOf(release.status);
  const weight = share === undefined ? '-' : `${share} %`;
  return [name, phase, stepLabel, weight, age(now - release.createdAt), release.name, by, message];
};

/** Lines without line breaks; the first one is the table's header. */
export const renderList = (
  listed: readonly ListedWorkload[],
  now: Instant,
  options: { readonly namespaces: boolean },
): readonly string[] =>
  table(
    [head, ...listed.map((workload) => row(workload, now))].map((cells, index) =>
      options.namespaces ? [index === 0 ? 'NAMESPACE' : (listed[index - 1]?.namespace ?? ''), ...cells] : cells,
    ),
  );
