/**
 * Objects of Sluice that a user has taken over with the break-glass annotation. While they carry it, Sluice neither
 * changes nor removes them, and whatever depends on them waits.
 */
import { breakGlassAnnotation } from '../../schema/annotations.ts';
import { isOurs } from '../../schema/names.ts';
import type { KubeObject } from '../../values/kube-object.ts';

type Named = Pick<KubeObject, 'kind' | 'metadata'>;

/** The user's reason for taking the object over; undefined if nobody has. */
const reasonOn = ({ metadata }: Named): string | undefined => {
  if (!isOurs({ metadata })) return undefined;
  return metadata.annotations?.[breakGlassAnnotation]?.trim() || undefined;
};

export const isTakenOver = (object: Named): boolean => reasonOn(object) !== undefined;

/** Explains why the release waits for objects that are taken over; undefined if there are none. */
export const takenOverNote = (objects: readonly Named[]): string | undefined => {
  const notes = objects.flatMap((object) => {
    const reason = reasonOn(object);
    return reason === undefined ? [] : [`${object.kind} ${object.metadata.name} (${reason})`];
  });
  if (notes.length === 0) return undefined;
  return `left alone: ${notes.join(', ')}; until the annotation ${breakGlassAnnotation} is taken off`;
};
