/** Requests of people on a Release. */
import type { Request } from '../core/release/facts.ts';
import { requestAnnotation } from '../schema/annotations.ts';
import { requestVerbs, type Release } from '../schema/release.ts';

type RawRequest = Partial<Record<keyof Request, string>>;

/** The request on a Release, if it can be read; the webhook has refused what cannot. */
const requestOf = (release: Release): Request | undefined => {
  const text = release.metadata.annotations?.[requestAnnotation];
  if (text === undefined) return undefined;
  try {
    const { id, verb, by, reason } = JSON.parse(text) as RawRequest;
    const known = requestVerbs.find((v) => v === verb);
    if (id === undefined || known === undefined) return undefined;
    return { id, verb: known, ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
  } catch {
    return undefined;
  }
};

/** Every request that can be read, oldest first. */
export const requestsOf = (release: Release): readonly Request[] => {
  const request = requestOf(release);
  return request === undefined ? [] : [request];
};
