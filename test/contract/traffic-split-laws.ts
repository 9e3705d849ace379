/** The laws of whole splits: what holds for weights holds for everything that a provider says it can do. */
import { expect } from '@jest/globals';
import fc from 'fast-check';
import type { Split } from '../../src/values/split.ts';
import type { Live, TrafficRunner } from '../../src/ports/traffic.ts';
import { splitsWith } from './traffic-splits.ts';
import type { TrafficKit } from './traffic-suite.ts';
import {
  aTarget,
  bytes,
  changesAt,
  keptIn,
  liveOf,
  ofUsers,
  problemsIn,
  renderAt,
  restored,
  splitIn,
} from './traffic-world.ts';

const target = aTarget();
const runs = { numRuns: 60 };

/** What is left of a split where something cannot be said. */
const partsOf = ({ weight, match, mirror }: Split): readonly Split[] => [
  { weight },
  ...(match === undefined ? [] : [{ weight, match }]),
  ...(mirror === undefined ? [] : [{ weight, mirror }]),
];

type Laws = Readonly<
  Record<
    | 'a whole split can be read back, or is told to be impossible'
    | 'whole splits are taken out to the last byte'
    | 'live edits survive whole splits'
    | 'a whole split is kept in the same write'
    | 'two releases share a route with whole splits'
    | 'a whole split is in the route that is made',
    () => void
  >
>;

export const wholeSplitLaws = (kit: TrafficKit, provider: TrafficRunner): Laws => {
  const asked = splitsWith(provider.can.features);
  const several = fc.array(asked, { minLength: 1, maxLength: 3 });
  const through = (routes: Live, splits: readonly Split[]): Live =>
    splits.reduce((now, split) => renderAt(provider, target, now, split), routes);

  return {
    'a whole split can be read back, or is told to be impossible': () => {
      fc.assert(
        fc.property(kit.routes('web'), several, (objects, splits) => {
          const last = splits.at(-1)!;
          const before = liveOf(objects);
          const after = through(before, splits);
          expect(changesAt(provider, target, after, last)).toBe(0);
          // What was put in before leaves no trace.
          expect(bytes(ofUsers(after))).toBe(bytes(ofUsers(renderAt(provider, target, before, last))));
          const found = splitIn(provider, target, after);
          const possible = problemsIn(provider, target, before, [last]).length === 0;
          if (possible) expect(found).toEqual(last);
          else expect(['unknown', last, ...partsOf(last)]).toContainEqual(found);
        }),
        { numRuns: 200 },
      );
    },

    'whole splits are taken out to the last byte': () => {
      fc.assert(
        fc.property(kit.routes('web'), several, (objects, splits) => {
          const before = liveOf(objects);
          expect(bytes(restored(provider, target, through(before, splits)))).toBe(bytes(before));
        }),
        runs,
      );
    },

    'live edits survive whole splits': () => {
      const edits = fc.constantFrom(...kit.edits.filter(({ comesBack }) => comesBack === 'exact'));
      fc.assert(
        fc.property(kit.routes('web'), asked, edits, asked, (objects, first, { what, apply }, second) => {
          const edited = (of: Live): Live => liveOf([...of.values()].map((object) => apply(object)));
          const before = liveOf(objects);
          const during = renderAt(provider, target, edited(ofUsers(renderAt(provider, target, before, first))), second);
          expect([what, bytes(restored(provider, target, during))]).toEqual([what, bytes(edited(before))]);
        }),
        runs,
      );
    },

    'a whole split is kept in the same write': () => {
      fc.assert(
        fc.property(kit.routes('web'), asked, (objects, split) => {
          const before = liveOf(objects);
          const during = ofUsers(renderAt(provider, target, before, split));
          for (const sent of [before, during]) expect(bytes(keptIn(provider, during, sent))).toBe(bytes(during));
          // Copied from a live object and written when nothing is split any more, or made anew from it.
          expect(bytes(keptIn(provider, before, during))).toBe(bytes(before));
          expect(bytes(keptIn(provider, liveOf([]), during))).toBe(bytes(before));
        }),
        runs,
      );
    },

    'two releases share a route with whole splits': () => {
      const other = aTarget('api');
      const turns = fc.array(fc.record({ who: fc.constantFrom(target, other), split: asked }), { maxLength: 5 });
      fc.assert(
        fc.property(kit.routes('web'), turns, fc.boolean(), (objects, all, otherFirst) => {
          const before = liveOf(objects);
          const during = all.reduce((now, { who, split }) => renderAt(provider, who, now, split), before);
          for (const { who, split } of [target, other].flatMap((one) => all.findLast((turn) => turn.who === one) ?? []))
            expect(changesAt(provider, who, during, split)).toBe(0);
          const order = otherFirst ? [other, target] : [target, other];
          expect(bytes(order.reduce((now, who) => restored(provider, who, now), during))).toBe(bytes(before));
        }),
        runs,
      );
    },

    'a whole split is in the route that is made': () => {
      fc.assert(
        fc.property(several, (splits) => {
          const last = splits.at(-1)!;
          const made = through(liveOf([]), splits);
          if (problemsIn(provider, target, liveOf([]), [last]).length === 0)
            expect(splitIn(provider, target, made)).toEqual(last);
          expect(changesAt(provider, target, made, last)).toBe(0);
          expect(bytes(restored(provider, target, made))).toBe('[]');
        }),
        runs,
      );
    },
  };
};
