/** The right name nearest to a wrong one, for `did you mean`. */

/** Names are compared as people confuse them: `step_weight`, `StepWeight` and `step-weight` are one word. */
const folded = (name: string): string => name.toLowerCase().replaceAll(/[-_. ]/g, '');

type Row = readonly number[];
const at = (row: Row, index: number): number => row[index] ?? Infinity;

/** Edits (insert, delete, replace, swap neighbours) that turn one word into the other. Cost: length × length. */
const distance = (a: string, b: string): number => {
  let beforeLast: Row = [];
  let last: Row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(beforeLast, j - 2) + 1 : Infinity;
      row.push(Math.min(replaced, swapped, at(last, j) + 1, at(row, j - 1) + 1));
    }
    beforeLast = last;
    last = row;
  }
  return at(last, b.length);
};

/** The candidate at most a third of its letters away from `word`, the nearest first; undefined when none is near. */
export const nearest = (word: string, candidates: readonly string[]): string | undefined => {
  const wanted = folded(word);
  let best: { name: string; edits: number } | undefined;
  for (const name of candidates) {
    const candidate = folded(name);
    const limit = Math.max(1, Math.floor(candidate.length / 3));
    // Also keeps a hostile word of a megabyte from being compared letter by letter.
    if (Math.abs(candidate.length - wanted.length) > limit) continue;
    const edits = distance(wanted, candidate);
    if (edits <= limit && edits < (best?.edits ?? Infinity)) best = { name, edits };
  }
  return best?.name;
};
