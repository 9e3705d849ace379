/**
 * The contract of traffic providers, at work: every one runs it, whatever kinds it works with. A provider may leave a case out only with a written reason,
 * which stands in the test report.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { KubeObject, Service } from '../../src/values/kube-object.ts';
import type { Split } from '../../src/values/split.ts';
import type { Live, TrafficRunner } from '../../src/ports/traffic.ts';
import { splitAnnotation } from '../../src/schema/annotations.ts';
import { isOurs } from '../../src/schema/names.ts';
import type { Apex } from './traffic-routes.ts';
import { wholeSplitLaws } from './traffic-split-laws.ts';
import { shares, splits } from './traffic-splits.ts';
import {
  aTarget,
  beside,
  bytes,
  changesAt,
  formatOf,
  keptIn,
  liveOf,
  namespace,
  observedIn,
  ofUsers,
  problemsIn,
  renderAt,
  restored,
  splitIn,
  wholeSplit,
} from './traffic-world.ts';

/** Something a user does to a live route in the middle of a release. */
export type Edit = {
  readonly what: string;
  /** `exact`: it comes back byte for byte. `meaning`: a weight that was left out may come back written out. */
  readonly comesBack: 'exact' | 'meaning';
  readonly apply: (route: KubeObject) => KubeObject;
};

export type Case =
  | 'golden files'
  | 'a split is in the routes'
  | 'a split can be read back'
  | 'rendering twice changes nothing more'
  | 'weights keep their sum'
  | 'what is somebody else’s is not touched'
  | 'restoring brings back every byte'
  | 'live edits survive'
  | 'a re-applied original is split again'
  | 'a re-applied route keeps its split in the same write'
  | 'an edit keeps the split in the same write'
  | 'what a client says about splits counts for nothing'
  | 'a lost memory costs nothing but brevity'
  | 'two releases share a route'
  | 'a route is made where there is none'
  | 'a name that is taken is a problem'
  | 'a route that decides for the apex and does not send to it is a problem'
  | 'traffic for other workloads stays theirs'
  | 'a split is remembered whole'
  | 'what is lost of it is put back'
  | keyof ReturnType<typeof wholeSplitLaws>;

export type TrafficKit = {
  readonly provider: TrafficRunner;
  /** Folder of its golden files. */
  readonly fixtures: string;
  /** Routes of a user, at least one of which sends to the apex. */
  readonly routes: (apex: Apex) => fc.Arbitrary<readonly KubeObject[]>;
  /** Objects of others that are there beside the routes. */
  readonly beside?: readonly KubeObject[];
  /** The weighted lists of a route, found without the provider's help. */
  readonly lists: (route: KubeObject) => readonly (readonly Destination[])[];
  /** Service names of a destination, as written. */
  readonly hostOf: (d: Destination) => string;
  /** Whether a destination of the apex means another workload's pods. */
  readonly isOthers?: (d: Destination) => boolean;
  readonly edits: readonly Edit[];
  /** Kinds of what is made where there is no route, in order; the namesake's when left out. */
  readonly makes?: readonly string[];
  /** A route that decides on the requests for the apex, and sends them to a Service of this name: the apex, or another. */
  readonly claims?: (to: string) => KubeObject;
  /** A route with the name the generated one would have, which has nothing to do with the apex. */
  readonly namesake: () => KubeObject;
  readonly skip?: Partial<Readonly<Record<Case, string>>>;
};

export type Destination = { readonly weight?: number; readonly [key: string]: unknown };

type Golden = {
  readonly about: string;
  /** A weight alone, or a whole split. */
  readonly canary: number | Split;
  /** Overrides in the apex Service's spec. */
  readonly apex?: Partial<Service['spec']>;
  readonly live: readonly KubeObject[];
  readonly rendered: readonly KubeObject[];
  /** Where the live routes carry a split already; else what comes back are the live routes. */
  readonly restored?: readonly KubeObject[];
  readonly problems?: readonly string[];
};

const fixtures = (name: string): readonly (readonly [string, Golden])[] => {
  const folder = join(import.meta.dirname, '../fixtures/traffic', name);
  return readdirSync(folder).map((file) => {
    const golden = parse(readFileSync(join(folder, file), 'utf8')) as Golden;
    return [`${file}: ${golden.about}`, golden] as const;
  });
};

const target = aTarget();

export const trafficContract = (kit: TrafficKit): void => {
  const provider = beside(kit.provider, kit.beside ?? []);
  const live = liveOf;
  const test = (name: Case, body: () => void): void => {
    const reason = kit.skip?.[name];
    if (reason === undefined) it(name, body);
    else it.skip(`${name} (left out: ${reason})`, body);
  };
  /** A property of a user's routes and a few weights. */
  const always = (holds: (objects: readonly KubeObject[], weights: readonly number[]) => void): void =>
    fc.assert(fc.property(kit.routes('web'), fc.array(shares, { minLength: 1, maxLength: 4 }), holds));
  const through = (routes: Live, weights: readonly number[]): Live =>
    weights.reduce((now, share) => renderAt(provider, target, now, share), routes);
  /** Destinations by what they send to, without telling the arms apart by the provider's own means. */
  const unitsOf = (list: readonly Destination[]): number =>
    list.length === 1 ? Math.max(100, list[0]!.weight ?? 0) : list.reduce((sum, { weight = 0 }) => sum + weight, 0);
  const isCanary = (d: Destination): boolean => kit.hostOf(d).split('.')[0] === target.canaryService;
  const lastOf = (weights: readonly number[]): number => weights.at(-1)!;

  describe(`the ${provider.name} provider`, () => {
    test('golden files', () => {
      const golden = fixtures(kit.fixtures);
      expect(golden.length).toBeGreaterThan(0);
      for (const [name, { canary, apex, live: objects, rendered, restored: back = objects, problems = [] }] of golden) {
        const who = aTarget('web', apex);
        const before = live(objects);
        const after = renderAt(kit.provider, who, before, canary);
        expect([name, [...after.values()]]).toEqual([name, rendered]);
        expect([name, problemsIn(kit.provider, who, before, [canary])]).toEqual([name, problems]);
        expect([name, bytes(restored(kit.provider, who, after))]).toEqual([name, bytes(live(back))]);
        if (problems.length === 0)
          expect([name, splitIn(kit.provider, who, after)]).toEqual([name, wholeSplit(canary)]);
      }
    });

    test('a split is in the routes', () => {
      const positive = fc.integer({ min: 1, max: 100 });
      fc.assert(
        fc.property(kit.routes('web'), positive, (objects, share) => {
          const before = live(objects);
          const after = renderAt(provider, target, before, share);
          const expressible = problemsIn(provider, target, before, [share]).length === 0;
          const named = [...after.values()].flatMap(kit.lists).some((list) => list.some(isCanary));
          expect(named || !expressible).toBe(true);
          const none = renderAt(provider, target, after, 0);
          // A route must not name the canary's Service; what stands beside it may.
          const routes = [...none.values()].filter((object) => formatOf(provider, object) !== undefined);
          expect(JSON.stringify(routes)).not.toContain(target.canaryService);
        }),
      );
    });

    test('a split can be read back', () => {
      always((objects, weights) =>
        expect(observedIn(provider, target, through(live(objects), weights))).toBe(lastOf(weights)),
      );
    });

    test('rendering twice changes nothing more', () => {
      always((objects, weights) => {
        const after = through(live(objects), weights);
        expect(changesAt(provider, target, after, lastOf(weights))).toBe(0);
      });
    });

    test('weights keep their sum', () => {
      always((objects, weights) => {
        const before = live(objects);
        const after = through(before, weights);
        for (const [key, object] of before) {
          const lists = kit.lists(after.get(key)!);
          expect(lists.map(unitsOf)).toEqual(kit.lists(object).map(unitsOf));
        }
      });
    });

    test('what is somebody else’s is not touched', () => {
      always((objects, weights) => {
        const before = live(objects);
        const after = through(before, weights);
        for (const [key, object] of before) {
          const lists = kit.lists(after.get(key)!);
          for (const [index, list] of kit.lists(object).entries()) {
            const others = (of: readonly Destination[]): readonly Destination[] =>
              of.filter((d) => !isCanary(d) && kit.hostOf(d).split('.')[0] !== 'web');
            expect(others(lists[index]!)).toEqual(others(list));
          }
        }
      });
    });

    test('restoring brings back every byte', () => {
      always((objects, weights) => {
        const before = live(objects);
        expect(bytes(restored(provider, target, through(before, weights)))).toBe(bytes(before));
        expect(provider.restore(target, before)).toEqual([]);
      });
    });

    test('live edits survive', () => {
      const edits = fc.constantFrom(...kit.edits);
      fc.assert(
        fc.property(kit.routes('web'), shares, edits, shares, (objects, first, edit, second) => {
          const edited = (of: Live): Live =>
            live([...of.values()].map((object, index) => (index === 0 ? edit.apply(object) : object)));
          const before = live(objects);
          const during = renderAt(provider, target, edited(renderAt(provider, target, before, first)), second);
          const after = restored(provider, target, during);
          if (edit.comesBack === 'exact') expect([edit.what, bytes(after)]).toEqual([edit.what, bytes(edited(before))]);
          else expect([edit.what, meaning(kit, after)]).toEqual([edit.what, meaning(kit, edited(before))]);
        }),
      );
    });

    test('a re-applied original is split again', () => {
      always((objects, weights) => {
        const before = live(objects);
        const split = through(before, weights);
        // Client-side apply keeps annotations that its last manifest did not have; replace does not.
        for (const keepsAnnotation of [true, false]) {
          const again = live(
            objects.map((object, index) =>
              keepsAnnotation ? withAnnotationOf([...split.values()][index]!, object) : object,
            ),
          );
          const after = renderAt(provider, target, again, lastOf(weights));
          expect(bytes(after)).toBe(bytes(renderAt(provider, target, before, lastOf(weights))));
        }
      });
    });

    test('a re-applied route keeps its split in the same write', () => {
      always((objects, weights) => {
        const before = live(objects);
        const split = ofUsers(through(before, weights));
        const applied = live(objects.map((object, index) => withAnnotationOf([...split.values()][index]!, object)));
        for (const sent of [applied, before, split]) {
          const stored = keptIn(provider, split, sent);
          expect(bytes(stored)).toBe(bytes(split));
          expect(bytes(keptIn(provider, split, stored))).toBe(bytes(stored));
          expect(observedIn(provider, target, stored)).toBe(observedIn(provider, target, split));
          expect(bytes(restored(provider, target, stored))).toBe(bytes(before));
        }
      });
    });

    test('an edit keeps the split in the same write', () => {
      const edits = fc.constantFrom(...kit.edits);
      fc.assert(
        fc.property(kit.routes('web'), shares, edits, (objects, share, edit) => {
          const edited = (of: Live): Live => live([...of.values()].map((object) => edit.apply(object)));
          const before = live(objects);
          const split = ofUsers(renderAt(provider, target, before, share));
          const applied = keptIn(provider, split, edited(before));
          expect([edit.what, bytes(applied)]).toEqual([edit.what, bytes(withSplitOf(provider, edited(before), share))]);
          expect([edit.what, bytes(restored(provider, target, applied))]).toEqual([edit.what, bytes(edited(before))]);
          const inPlace = keptIn(provider, split, edited(split));
          expect([edit.what, meaning(kit, restored(provider, target, inPlace))]).toEqual([
            edit.what,
            meaning(kit, edited(before)),
          ]);
          expect(observedIn(provider, target, inPlace)).toEqual(observedIn(provider, target, applied));
        }),
      );
    });

    test('what a client says about splits counts for nothing', () => {
      const memory = '{"services":{"web":{"split":{"weight":99},"weights":{"x":7}}}}';
      const said = fc.constantFrom('', 'no json', '[]', memory, memory.replace('"split":{"weight":99}', '"canary":99'));
      fc.assert(
        fc.property(kit.routes('web'), shares, said, (objects, share, text) => {
          const before = live(objects);
          const split = ofUsers(renderAt(provider, target, before, share));
          const forged = live(objects.map((object) => annotatedWith(text, object)));
          if (share > 0) expect(meaning(kit, keptIn(provider, split, forged))).toEqual(meaning(kit, split));
          // Copied from a live object and written when nothing is split any more, or made anew from it.
          expect(bytes(keptIn(provider, before, split))).toBe(bytes(before));
          expect(bytes(keptIn(provider, live([]), split))).toBe(bytes(before));
        }),
      );
    });

    test('a lost memory costs nothing but brevity', () => {
      always((objects, weights) => {
        const before = live(objects);
        const forgotten = live([...through(before, weights).values()].map(withoutAnnotation));
        const after = restored(provider, target, renderAt(provider, target, forgotten, lastOf(weights)));
        expect(meaning(kit, after)).toEqual(meaning(kit, before));
      });
    });

    test('two releases share a route', () => {
      const other = aTarget('api');
      const turn = fc.record({ who: fc.constantFrom(target, other), share: shares });
      fc.assert(
        fc.property(kit.routes('web'), fc.array(turn, { maxLength: 6 }), fc.boolean(), (objects, turns, otherFirst) => {
          const before = live(objects);
          const during = turns.reduce((now, { who, share }) => renderAt(provider, who, now, share), before);
          for (const who of [target, other]) {
            const last = turns.findLast((t) => t.who === who)?.share ?? 0;
            // A route may name the other apex with no weight at all: a problem, and nothing to read back.
            if (problemsIn(provider, who, before).length === 0) expect(observedIn(provider, who, during)).toBe(last);
            expect(changesAt(provider, who, during, last)).toBe(0);
          }
          const order = otherFirst ? [other, target] : [target, other];
          expect(bytes(order.reduce((now, who) => restored(provider, who, now), during))).toBe(bytes(before));
        }),
      );
    });

    test('a route is made where there is none', () => {
      expect(changesAt(provider, target, live([]), 0)).toBe(0);
      expect(observedIn(provider, target, live([]))).toBe(0);
      const made = renderAt(provider, target, live([]), 5);
      const { kind } = kit.namesake();
      expect([...made.values()].map((object) => object.kind)).toEqual(kit.makes ?? [kind]);
      for (const { metadata } of made.values()) {
        expect([target.apex.metadata.name, target.canaryService]).toContain(metadata.name);
        expect(metadata).toEqual({
          name: metadata.name,
          namespace,
          labels: {
            'app.kubernetes.io/managed-by': 'sluice',
            'sluice.dev/release': target.release.name,
            'sluice.dev/release-uid': target.release.uid,
          },
          annotations: { 'sluice.dev/workload': target.workload },
        });
      }
      for (const share of [5, 100, 0, 1]) {
        const now = renderAt(provider, target, made, share);
        expect(observedIn(provider, target, now)).toBe(share);
        expect(changesAt(provider, target, now, share)).toBe(0);
      }
      // The next release takes it over, so that it is not taken for something left of the last one.
      const next = { ...target, release: { name: 'web-next', uid: 'uid-of-web-next' } };
      for (const taken of renderAt(provider, next, made, 5).values())
        expect(taken.metadata.labels).toMatchObject({ 'sluice.dev/release-uid': next.release.uid });
      // What others write on it stays as long as it does.
      const marked = live(
        [...made.values()].map((object) => ({
          ...object,
          metadata: { ...object.metadata, labels: { ...object.metadata.labels, seen: 'yes' } },
        })),
      );
      expect(changesAt(provider, target, marked, 5)).toBe(0);
      for (const object of renderAt(provider, target, marked, 6).values())
        expect(object.metadata.labels).toMatchObject({ seen: 'yes' });
      expect(bytes(restored(provider, target, made))).toBe('[]');
      fc.assert(
        fc.property(kit.routes('web'), (objects) => {
          const both = live([...objects, ...made.values()]);
          const once = renderAt(provider, target, live(objects), 5);
          expect(bytes(renderAt(provider, target, both, 5))).toBe(bytes(once));
        }),
      );
    });

    test('a name that is taken is a problem', () => {
      const before = live([kit.namesake()]);
      expect(problemsIn(provider, target, before)).toEqual([`${kit.namesake().kind}/web`]);
      const after = renderAt(provider, target, before, 5);
      expect(bytes(ofUsers(after))).toBe(bytes(before));
      expect(bytes(restored(provider, target, after))).toBe(bytes(before));
      // The same of everything that stands beside routes.
      const made = renderAt(provider, target, live([]), 5);
      for (const object of [...made.values()].filter((one) => formatOf(provider, one) === undefined)) {
        const { name } = object.metadata;
        const taken = live([{ ...object, metadata: { name, namespace } }]);
        expect(problemsIn(provider, target, taken)).toEqual([`${object.kind}/${name}`]);
        expect(bytes(ofUsers(renderAt(provider, target, taken, 5)))).toBe(bytes(taken));
      }
    });

    test('a route that decides for the apex and does not send to it is a problem', () => {
      const claims = kit.claims!;
      const other = live([claims('web-blue')]);
      expect(problemsIn(provider, target, other)).toEqual([`${claims('web').kind}/${claims('web').metadata.name}`]);
      expect(bytes(restored(provider, target, other))).toBe(bytes(other));
      expect(problemsIn(provider, target, live([claims('web')]))).toEqual([]);
      // Neither is what Sluice has made itself.
      expect(problemsIn(provider, target, renderAt(provider, target, live([]), 5))).toEqual([]);
      expect(formatOf(provider, claims('web'))!.claims(claims('web'))).toContainEqual({ namespace, name: 'web' });
    });

    test('traffic for other workloads stays theirs', () => {
      always((objects, weights) => {
        const before = live(objects);
        const after = through(before, weights);
        for (const [key, object] of before)
          for (const { route, theirs } of theirsIn(kit, object))
            expect(kit.lists(after.get(key)!)[route]!.filter((d) => kit.isOthers!(d))).toEqual(theirs);
      });
    });

    for (const [law, holds] of Object.entries(wholeSplitLaws(kit, provider))) test(law as Case, holds);

    test('a split is remembered whole', () => {
      fc.assert(
        fc.property(kit.routes('web'), splits, (objects, split) => {
          const carried = { apex: 'web', canaryService: 'web-canary', split, release: 'web-7' };
          for (const object of objects) {
            const format = formatOf(provider, object)!;
            const during = format.put(object, carried);
            const isIn = Object.keys(split).length > 1 || split.weight > 0;
            const sends = format.observe([object], carried) !== undefined;
            expect(format.read(during)).toEqual(isIn && sends ? [carried] : []);
            expect(format.put(during, carried)).toEqual(during);
            // Whose route it is does not change with what is in it.
            expect(format.about(object)).toContainEqual({ namespace, name: 'web' });
            expect(format.about(during)).toContainEqual({ namespace, name: 'web' });
            expect(JSON.stringify(format.take(during, 'web'))).toBe(JSON.stringify(object));
          }
        }),
      );
    });

    test('what is lost of it is put back', () => {
      const lose = fc.nat();
      fc.assert(
        fc.property(
          kit.routes('web'),
          fc.integer({ min: 1, max: 100 }),
          lose,
          fc.boolean(),
          (objects, share, at, own) => {
            const before = live(own ? [] : objects);
            const split = renderAt(provider, target, before, share);
            const [key, object] = [...split][at % split.size]!;
            // Somebody deletes what Sluice made, or writes the route as it was.
            const reset = new Map([...split].filter(([other]) => other !== key));
            if (!isOurs(object)) reset.set(key, before.get(key)!);
            const repaired = renderAt(provider, target, reset, share);
            expect([...repaired.keys()].sort()).toEqual([...split.keys()].sort());
            for (const [other, one] of repaired) expect(one).toEqual(split.get(other));
            const expressible = problemsIn(provider, target, before, [share]).length === 0;
            if (!expressible) return;
            expect(observedIn(provider, target, repaired)).toBe(share);
            if (changesAt(provider, target, reset, share) > 0 && split.size > 1)
              expect(observedIn(provider, target, reset)).not.toBe(share);
          },
        ),
      );
    });
  });
};

/** Destinations of other workloads' pods, by the list they are in. */
const theirsIn = (kit: TrafficKit, object: KubeObject) =>
  kit.lists(object).map((list, route) => ({ route, theirs: list.filter((d) => kit.isOthers!(d)) }));

const withAnnotationOf = (split: KubeObject, object: KubeObject): KubeObject => {
  const note = split.metadata.annotations?.[splitAnnotation];
  if (note === undefined) return object;
  const annotations = { ...object.metadata.annotations, [splitAnnotation]: note };
  return { ...object, metadata: { ...object.metadata, annotations } };
};

const annotatedWith = (text: string, object: KubeObject): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [splitAnnotation]: text } },
});

/** The split put into each route by itself, and never into one of ours. */
const withSplitOf = (provider: TrafficRunner, routes: Live, share: number): Live =>
  new Map(
    [...routes].map(([key, object]) => {
      const one = renderAt(provider, target, new Map([[key, object]]), share);
      return [key, one.get(key)!];
    }),
  );

const withoutAnnotation = (object: KubeObject): KubeObject => {
  const { [splitAnnotation]: _note, ...annotations } = object.metadata.annotations ?? {};
  return { ...object, metadata: { ...object.metadata, annotations } };
};

/** Lists with the weight of an only destination left out, and everything else but the presence of an empty annotations map. */
const meaning = (kit: TrafficKit, live: Live): unknown =>
  [...live.values()].map((object) => ({
    lists: kit.lists(object).map((list) => {
      if (list.length !== 1) return list;
      const { weight: _weight, ...only } = list[0]!;
      return [only];
    }),
    annotations: object.metadata.annotations ?? {},
    rest: JSON.stringify(object, (key, value: unknown) =>
      key === 'annotations' || (Array.isArray(value) && value.some(isWeighted)) ? undefined : value,
    ),
  }));

const isWeighted = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('destination' in value || 'weight' in value || 'service' in value);
