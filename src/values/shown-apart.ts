/** Long texts cut so that what tells them apart stays. */

const ellipsis = '…';

/** One line of at most `most` characters: what is too long loses its middle, since both ends of a name say something. */
export const cutMiddle = (text: string, most: number): string => {
  const line = text.replace(/\p{Cc}+/gu, ' ');
  if (line.length <= most) return line;
  const tail = Math.floor((most - 1) / 2);
  return `${line.slice(0, most - 1 - tail)}${ellipsis}${line.slice(-tail)}`.toWellFormed();
};

/** Characters of what both texts share that are shown beside the difference, back to the start of a part of the name. */
const mostContext = 24;

/**
 * Two different texts, each of at most `most` characters. Where one is longer, what both begin or end with is left out,
 * except for the part of the name in which they begin to differ: `…/server:v1.2` and `…/server:v1.3`.
 */
export const shownApart = (a: string, b: string, most: number): readonly [string, string] => {
  if (a.length <= most && b.length <= most) return [cutMiddle(a, most), cutMiddle(b, most)];
  const head = beforeDifference(a, b);
  const tail = sharedEnd(a, b, Math.min(a.length, b.length) - head);
  const start = startOfContext(a, head);
  return [part(a, start, tail, most), part(b, start, tail, most)];
};

const part = (text: string, start: number, tail: number, most: number): string => {
  const [before, after] = [start > 0 ? ellipsis : '', tail > mostContext ? ellipsis : ''];
  const end = after === '' ? text.length : text.length - tail;
  return `${before}${cutMiddle(text.slice(start, end), most - before.length - after.length)}${after}`;
};

const beforeDifference = (a: string, b: string): number => {
  const shorter = Math.min(a.length, b.length);
  let at = 0;
  while (at < shorter && a[at] === b[at]) at += 1;
  return at;
};

const sharedEnd = (a: string, b: string, most: number): number => {
  let count = 0;
  while (count < most && a[a.length - 1 - count] === b[b.length - 1 - count]) count += 1;
  return count;
};

/** The last `/` before the difference, or as much of what is before it as is shown. */
const startOfContext = (text: string, head: number): number => {
  const slash = text.lastIndexOf('/', head - 1);
  return Math.max(slash, head - mostContext, 0);
};
