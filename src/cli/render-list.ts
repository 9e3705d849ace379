/** Renders many releases, one line each. */
import { figure } from '../core/judge/figure.ts';
import { printable } from '../values/printable.ts';
import type { Instant } from '../values/time.ts';
import { weightOf, type ReleaseView } from './release-view.ts';
import { age, table } from './render-text.ts';

export type ListedWorkload = {
  readonly namespace: string;
  readonly name: string;
  readonly release?: ReleaseView;
  /** It asks for releases in a system namespace, where there are none. */
  readonly outOfReach?: true;
};

const head = ['WORKLOAD', 'PHASE', 'STEP', 'WEIGHT', 'SHARE', 'AGE', 'RELEASE', 'BY', 'MESSAGE'];

const percentText = (percent: number | undefined): string => (percent === undefined ? '-' : `${figure(percent)} %`);

const withoutRelease = ({ namespace, outOfReach }: ListedWorkload): string =>
  outOfReach === true
    ? `not released: ${namespace} is a system namespace; it rolls natively`
    : 'opted in; no release yet';

const row = (workload: ListedWorkload, now: Instant): readonly string[] => {
  const { name, release } = workload;
  if (release === undefined) return [name, '-', '-', '-', '-', '-', '-', '-', withoutRelease(workload)];
  const by = printable(release.spec.requestedBy?.user ?? '-');
  const { phase, stepLabel = '-', message = '' } = release.status;
  const weight = percentText(weightOf(release.status));
  const share = percentText(release.status.share?.percent);
  return [name, phase, stepLabel, weight, share, age(now - release.createdAt), release.name, by, message];
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
