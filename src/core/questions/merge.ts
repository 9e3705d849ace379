/**
 * Merges the asks of many releases into few requests, and splits the response so that each release gets what its own
 * request would have returned.
 */
import type { Labels } from '../../values/kube-object.ts';
import type { Milliseconds } from '../../values/time.ts';
import type { Series } from '../judge/series.ts';
import { selects, uniteSelectors } from './selector.ts';
import type { Ask, SamplesAsk } from './source-form.ts';

/** An ask, with the expected length of its answer if it were sent alone. */
export type Sized = { readonly ask: Ask; readonly bytes: number };

/** One request for all its members. */
export type Batch<T extends Sized> = { readonly ask: Ask; readonly members: readonly T[] };

export type BatchBounds = {
  /**
   * Most members of one request. With two names each, the pattern stays below the 256 alternatives that Prometheus looks up
   * without evaluating a regular expression.
   */
  readonly members: number;
  /** Most bytes expected in one response. */
  readonly bytes: number;
};

/** The time range of an ask; at least a millisecond, so that it can be a divisor. */
export const rangeOf = (ask: Ask): Milliseconds => (ask.shape === 'value' ? 1 : Math.max(1, ask.to - ask.from));

/** Asks with the same key can be merged. */
const keyOf = (ask: Ask): string =>
  ask.shape === 'value'
    ? JSON.stringify([ask.query, ask.at])
    : JSON.stringify([ask.selector.metric, ...Object.keys(ask.selector.where)]);

const samplesOf = (members: readonly Sized[]): readonly SamplesAsk[] =>
  members.map(({ ask }) => ask).filter((ask) => ask.shape === 'samples');

/** The merged request of asks with the same key. */
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

/** Collects members as long as the expected response, over the combined time range, stays within bounds. */
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

/** Sorts by length of range, longest first, so that asks of similar ranges are merged; then by namespace. */
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

/** Merges asks into as few requests as the bounds allow: one per metric, and one per distinct `value` query. */
export const batches = <T extends Sized>(asks: readonly T[], bounds: BatchBounds): readonly Batch<T>[] =>
  [...Map.groupBy(asks, ({ ask }) => keyOf(ask)).values()].flatMap((group) => batchesOfGroup(group, bounds));

const clip = (series: Series, { from, to }: SamplesAsk): readonly Series[] => {
  const isOwn = ([at]: Series['points'][number]): boolean => at > from && at <= to;
  const { labels, points } = series;
  const [first, last] = [points[0], points.at(-1)];
  // Points are sorted oldest first. Nearly always all of them are in the range, and then no copy is needed.
  if (first !== undefined && last !== undefined && isOwn(first) && isOwn(last)) return [series];
  const own = points.filter(isOwn);
  return own.length === 0 ? [] : [{ labels, points: own }];
};

/**
 * Finds the members that a series belongs to by its labels. Results are cached by the relevant labels, which thousands of
 * series share.
 */
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

/**
 * The series of each member, in the order of the members: those that its selector matches, with the points of its own
 * range.
 */
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
