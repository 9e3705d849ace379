/** Where the material lives between restarts, shared by all replicas of the webhook. */
import type { Material } from './material.ts';

/** `version` names this state of the store, for `save`; material that cannot be read is left out. */
export type Stored = { readonly version: string | undefined; readonly material?: Material };

export interface CertificateStore {
  load(): Promise<Stored>;
  /**
   * Replaces the state of that version. `lost`: somebody else was faster and theirs is what counts; load again.
   * Rejects where the store cannot be reached.
   */
  save(material: Material, version: string | undefined): Promise<'saved' | 'lost'>;
}

/** For development and tests: gone with the process. */
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
