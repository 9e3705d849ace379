/**
 * Objects of Sluice that somebody has taken over by breaking the glass: while their annotation says so, Sluice neither
 * changes nor removes them, and what depends on them waits.
 */
import { breakGlassAnnotation } from '../../schema/annotations.ts';
import { isOurs } from '../../schema/names.ts';
import type { KubeObject } from '../../values/kube-object.ts';

type Named = Pick<KubeObject, 'kind' | 'metadata'>;

/** Why somebody works on it; undefined where nobody does. */
const reasonOn = ({ metadata }: Named): string | undefined => {
  if (!isOurs({ metadata })) return undefined;
  return metadata.annotations?.[breakGlassAnnotation]?.trim() || undefined;
};

export const isTakenOver = (object: Named): boolean => reasonOn(object) !== undefined;

/** For the person who wonders why a release does not go on; undefined where nothing is taken over. */
export const takenOverNote = (objects: readonly Named[]): string | undefined => {
  const notes = objects.flatMap((object) => {
    const reason = reasonOn(object);
    return reason === undefined ? [] : [`${object.kind} ${object.metadata.name} (${reason})`];
  });
  if (notes.length === 0) return undefined;
  return `left alone: ${notes.join(', ')}; until the annotation ${breakGlassAnnotation} is taken off`;
};
