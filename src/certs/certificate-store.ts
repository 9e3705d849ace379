/** Persistent storage for the TLS material, shared by all replicas of the webhook. */
import type { Material } from './material.ts';

/** `version` identifies this state of the store, for `save`. Unreadable material is left out. */
export type Stored = { readonly version: string | undefined; readonly material?: Material };

export interface CertificateStore {
  load(): Promise<Stored>;
  /**
   * Replaces the state at that version. `lost`: another replica saved first; load again. Rejects if the store is
   * unreachable.
   */
  save(material: Material, version: string | undefined): Promise<'saved' | 'lost'>;
}

/** For development and tests: lost when the process ends. */
export const memoryStore = (): CertificateStore => {
  let state: Material | undefined;
  let version = 0;
  return {
    load: () => Promise.resolve({ version: String(version), ...(state === undefined ? {} : { material: state }) }),
    save: (material, basedOn) => {
      if (basedOn !== String(version)) return Promise.resolve('lost');
      state = material;
      version += 1;
      return Promise.resolve('saved');
    },
  };
};
