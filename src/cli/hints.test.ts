/** Every command that Sluice's answers and the plugin name is one that the plugin takes as it stands. */
import { describe, expect, it } from '@jest/globals';
import { heldRows } from '../../test/support/admission-rows-held.ts';
import { nativeRows } from '../../test/support/admission-rows-native.ts';
import { anInput } from '../../test/support/admission-input.ts';
import { objectsOf } from '../../test/support/admission-traits.ts';
import { aRelease, aSession, memoryCluster } from '../../test/support/plugin-doubles.ts';
import { decide } from '../core/admission/decide.ts';
import { activePhases, finalPhases } from '../schema/release.ts';
import { nextSteps } from './next-steps.ts';
import { sourceForms } from '../metrics/index.ts';
import { runProgram } from './program.ts';
import { releaseView } from './release-view.ts';

const commands = (texts: readonly string[]): readonly string[] =>
  texts.flatMap((text) => [...text.matchAll(/kubectl sluice ([^;()]*[^;() .])/g)].map(([, rest = '']) => rest.trim()));

const answers = [...heldRows, ...nativeRows].flatMap((row) => {
  const { old, object } = objectsOf(row);
  return decide(anInput(old, object)).warnings;
});

const views = (['hold', 'revert'] as const).flatMap((onFailure) =>
  [...activePhases, ...finalPhases].flatMap((phase) =>
    nextSteps(releaseView(aRelease({ status: { phase }, spec: { policy: { onFailure } } }))).map(
      ({ command = '' }) => command,
    ),
  ),
);

/** Whether the command line is valid: only then is a cluster asked for. */
const isTaken = async (line: string): Promise<boolean> => {
  const session = aSession(memoryCluster());
  let taken = false;
  await runProgram(line.split(' '), {
    version: '1',
    terminal: session.terminal,
    forms: sourceForms,
    readObjects: () => Promise.resolve([]),
    open: () => {
      taken = true;
      throw new Error('far enough');
    },
  });
  return taken;
};

describe('C3: hints are complete commands', () => {
  const hints = [...new Set(commands([...answers, ...views]))];

  it('of every verb that changes something', () => {
    const named = new Set(hints.map((line) => line.split(' ')[0]));
    for (const verb of ['watch', 'promote', 'abort', 'retry', 'skip']) expect(named).toContain(verb);
  });

  it.each(hints)('C3: kubectl sluice %s', async (line) => expect(await isTaken(line)).toBe(true));
});
