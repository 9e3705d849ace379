/** Asks of many releases as few requests, and what comes back taken apart again: nobody can tell it from having asked alone. */
import type { Labels } from '../../values/kube-object.ts';
import type { Milliseconds } from '../../values/time.ts';
import type { Series } from '../judge/series.ts';
import { selects, uniteSelectors } from './selector.ts';
import type { Ask, SamplesAsk } from './source-form.ts';

/** An ask, and how long its answer would be if it were asked alone, as far as that is known. */
export type Sized = { readonly ask: Ask; readonly bytes: number };

/** One request for all its members. */
export type Batch<T extends Sized> = { readonly ask: Ask; readonly members: readonly T[] };

export type BatchBounds = {
  /** Members of one request. Two names each stay below the 256 that Prometheus looks up without running an expression. */
  readonly members: number;
  /** How long its answer may become, by what is known. */
  readonly bytes: number;
};

/** How much time is read; at least a millisecond, so that it can be divided by. */
export const rangeOf = (ask: Ask): Milliseconds => (ask.shape === 'value' ? 1 : Math.max(1, ask.to - ask.from));

/** Asks with the same key can be one request. */
const keyOf = (ask: Ask): string =>
  ask.shape === 'value'
    ? JSON.stringify([ask.query, ask.at])
    : JSON.stringify([ask.selector.metric, ...Object.keys(ask.selector.where)]);

const samplesOf = (members: readonly Sized[]): readonly SamplesAsk[] =>
  members.map(({ ask }) => ask).filter((ask) => ask.shape === 'samples');

/** The one request for all members: their keys are the same. */
export const batchOf = <T extends Sized>(first: T, others: readonly T[]): Batch<T> => {
  const members = [first, ...others];
  if (first.ask.shape === 'value') return { ask: first.ask, members };
  const [own, ...more] = samplesOf(members);
  if (own === undefined) return { ask: first.ask, members };
  const ask: SamplesAsk = {
    shape: 'samples',
    selector: uniteSelectors(
      own.selector,
      more.map(({ selector }) => selector),
    ),
    from: Math.min(own.from, ...more.map(({ from }) => from)),
    to: Math.max(own.to, ...more.map(({ to }) => to)),
  };
  return { ask, members };
};

/** Grows by members as long as what is expected of the answer, read over the range that all of them need, is within bounds. */
class Growing<T extends Sized> {
  readonly members: T[] = [];
  #from = Infinity;
  #to = -Infinity;
  #bytesPerMs = 0;

  takes({ ask, bytes }: T, bounds: BatchBounds): boolean {
    if (ask.shape === 'value' || this.members.length === 0) return true;
    const range = Math.max(this.#to, ask.to) - Math.min(this.#from, ask.from);
    const expected = (this.#bytesPerMs + bytes / rangeOf(ask)) * range;
    return this.members.length < bounds.members && expected <= bounds.bytes;
  }

  add(member: T): void {
    this.members.push(member);
    if (member.ask.shape === 'value') return;
    this.#from = Math.min(this.#from, member.ask.from);
    this.#to = Math.max(this.#to, member.ask.to);
    this.#bytesPerMs += member.bytes / rangeOf(member.ask);
  }
}

/** Long ranges first, so that a short one is not read over a long one's; then namespace by namespace. */
const inOrder = <T extends Sized>(group: readonly T[]): readonly T[] =>
  group
    .map((one) => ({ one, range: rangeOf(one.ask), text: JSON.stringify(one.ask) }))
    .sort((a, b) => b.range - a.range || (a.text < b.text ? -1 : 1))
    .map(({ one }) => one);

const batchesOfGroup = <T extends Sized>(group: readonly T[], bounds: BatchBounds): readonly Batch<T>[] => {
  const all: Growing<T>[] = [];
  for (const one of inOrder(group)) {
    let last = all.at(-1);
    if (last?.takes(one, bounds) !== true) all.push((last = new Growing()));
    last.add(one);
  }
  return all.flatMap(({ members: [first, ...others] }) => (first === undefined ? [] : [batchOf(first, others)]));
};

/** As few requests as the bounds allow: one per metric, and one for all who ask the very same value. */
export const batches = <T extends Sized>(asks: readonly T[], bounds: BatchBounds): readonly Batch<T>[] =>
  [...Map.groupBy(asks, ({ ask }) => keyOf(ask)).values()].flatMap((group) => batchesOfGroup(group, bounds));

const clip = (series: Series, { from, to }: SamplesAsk): readonly Series[] => {
  const isOwn = ([at]: Series['points'][number]): boolean => at > from && at <= to;
  const { labels, points } = series;
  const [first, last] = [points[0], points.at(-1)];
  // Oldest first: nearly always all of them, and then there is nothing to copy.
  if (first !== undefined && last !== undefined && isOwn(first) && isOwn(last)) return [series];
  const own = points.filter(isOwn);
  return own.length === 0 ? [] : [{ labels, points: own }];
};

/** Finds whose a series is by its labels. Thousands of series have the few labels that matter in common: each set is looked at once. */
const ownersBy = <T extends Sized>(members: readonly T[]): ((labels: Labels) => readonly T[]) => {
  const tests = members.map((member) => ({
    member,
    isMeant: member.ask.shape === 'samples' ? selects(member.ask.selector) : () => true,
  }));
  const names = [...new Set(samplesOf(members).flatMap(({ selector }) => Object.keys(selector.where)))];
  const known = new Map<string, readonly T[]>();
  return (labels) => {
    const key = JSON.stringify([labels['__name__'], ...names.map((name) => labels[name] ?? '')]);
    const found = known.get(key) ?? tests.filter(({ isMeant }) => isMeant(labels)).map(({ member }) => member);
    known.set(key, found);
    return found;
  };
};

/** Each member's own series, in the order of the members: what its selector means, with the points of its own range. */
export const takeApart = <T extends Sized>(
  { members }: Batch<T>,
  series: readonly Series[],
): ReadonlyMap<T, readonly Series[]> => {
  const own = new Map<T, Series[]>(members.map((member) => [member, []]));
  const ownersOf = ownersBy(members);
  for (const one of series)
    for (const member of ownersOf(one.labels))
      own.get(member)?.push(...(member.ask.shape === 'value' ? [one] : clip(one, member.ask)));
  return own;
};
