/** The states that cases begin and end with. Release names come from the generation: `web-2` is the second spec's. */
import type { State } from './case.ts';

const image = (version: string): string => `web:${version}`;

export const gone: State = { template: '-', paused: false, mark: '-', serves: [], releases: [], canary: '-' };

/** The version serves and nothing else is going on. */
export const idle = (version: string): State => ({
  ...gone,
  template: image(version),
  serves: [image(version)],
});

/** The same, after a native roll that left no release behind. */
export const rolled = idle;

/** A release of the version is under way; the one before serves. */
export const held = (
  version: string,
  { over = '1', name = 'web-2', earlier = [] as readonly string[] } = {},
): State => ({
  template: image(version),
  paused: true,
  mark: name,
  serves: [image(over)],
  releases: [...earlier, `${name} Progressing`],
  canary: image(version),
});

export const failed = (version: string, name = 'web-2'): State => ({
  ...held(version, { name }),
  mark: `${name} Failed`,
  releases: [`${name} Failed`],
  canary: '-',
});

export const succeeded = (version: string, name = 'web-2', earlier: readonly string[] = []): State => ({
  ...idle(version),
  releases: [...earlier, `${name} Succeeded`],
});

/** The version before is back, and the release says how it ended. */
export const ended = (version: string, phase: string, name = 'web-2'): State => ({
  ...idle(version),
  releases: [`${name} ${phase}`],
});

/** The same with two replicas of everything that serves. */
export const twice = (state: State): State => ({
  ...state,
  serves: state.serves.map((one) => `2 × ${one}`),
  canary: state.canary === '-' ? '-' : `2 × ${state.canary}`,
});

/** web:2 was judged good and rolls out over web:1. */
export const rolling: State = {
  ...held('2'),
  paused: false,
  mark: 'web-2 Promoting',
  releases: ['web-2 Promoting'],
};
