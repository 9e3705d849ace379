/** The `sluice.dev/` annotations and labels that users write, as opposed to the marks. */
import { annotations as keys } from '../../schema/annotations.ts';
import { group } from '../../schema/names.ts';
import type { Labels, ObjectMeta } from '../../values/kube-object.ts';
import { isSwitchedOff, type OptIn } from '../policy/opt-in.ts';
import { isMark } from '../marks/marks.ts';

type Meta = Pick<ObjectMeta, 'annotations' | 'labels'>;

const ours = (map: Labels | undefined): readonly (readonly [string, string])[] =>
  Object.entries(map ?? {}).filter(([key]) => key.startsWith(`${group}/`));

/** Without `skip`, which concerns one write and not how the workload is released. */
const userAnnotations = (annotations: Labels | undefined): readonly (readonly [string, string])[] =>
  ours(annotations).filter(([key]) => !isMark(key) && key !== keys.skip);

/** Sorted by key. */
const asText = (entries: readonly (readonly [string, string])[]): string =>
  JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

export const sameUserAnnotations = (a: Meta, b: Meta): boolean =>
  asText(userAnnotations(a.annotations)) === asText(userAnnotations(b.annotations)) &&
  asText(ours(a.labels)) === asText(ours(b.labels));

/** Whether the annotations have no effect because the workload has not opted in. */
export const isWithoutEffect = ({ annotations }: Meta, optIn: OptIn): boolean =>
  !optIn.optedIn && !isSwitchedOff(optIn) && userAnnotations(annotations).length > 0;
