/** The `sluice.dev/` annotations and labels that people write, as opposed to the marks. */
import { annotations as keys } from '../../schema/annotations.ts';
import { group } from '../../schema/names.ts';
import type { Labels, ObjectMeta } from '../../values/kube-object.ts';
import { isSwitchedOff, type OptIn } from '../policy/opt-in.ts';
import { isMark } from '../marks/marks.ts';

type Words = Pick<ObjectMeta, 'annotations' | 'labels'>;

const ours = (map: Labels | undefined): readonly (readonly [string, string])[] =>
  Object.entries(map ?? {}).filter(([key]) => key.startsWith(`${group}/`));

/** Without `skip`: it is about one write, not about how the workload is released. */
const peoplesAnnotations = (annotations: Labels | undefined): readonly (readonly [string, string])[] =>
  ours(annotations).filter(([key]) => !isMark(key) && key !== keys.skip);

/** Sorted by key. */
const asText = (entries: readonly (readonly [string, string])[]): string =>
  JSON.stringify([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));

export const sameUserAnnotations = (a: Words, b: Words): boolean =>
  asText(peoplesAnnotations(a.annotations)) === asText(peoplesAnnotations(b.annotations)) &&
  asText(ours(a.labels)) === asText(ours(b.labels));

/** Annotations that do nothing, because what asks for canary releases is missing. */
export const isWithoutEffect = ({ annotations }: Words, optIn: OptIn): boolean =>
  !optIn.optedIn && !isSwitchedOff(optIn) && peoplesAnnotations(annotations).length > 0;
