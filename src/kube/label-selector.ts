/** Label selectors in the form of a query parameter: `app=web,tier in (a, b),!legacy`. */
import type { Labels } from '../core/kube-object.ts';

type Requirement = (labels: Labels) => boolean;

const requirement = (text: string): Requirement => {
  const set = /^(\S+)\s+(in|notin)\s*\(([^)]*)\)$/.exec(text);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    // As in Kubernetes, `notin` also holds for an object without the label.
    return (labels) => values.has(labels[key] ?? '\0') === (operator === 'in');
  }
  const equality = /^([^\s=!]+)\s*(==?|!=)\s*(\S*)$/.exec(text);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const existence = /^(!?)\s*([^\s=!(),]+)$/.exec(text);
  if (existence === null) throw new Error(`"${text}" is not a requirement of a label selector`);
  const [, not, key = ''] = existence;
  return (labels) => (labels[key] !== undefined) === (not === '');
};

/** A test for labels. Throws an Error when the text is not a selector: selectors are written in code, not by people. */
export const labelMatcher = (selector: string): ((labels: Labels | undefined) => boolean) => {
  const parts = selector.match(/(?:[^,(]|\([^)]*\))+/g) ?? [];
  if (parts.join(',') !== selector) throw new Error(`"${selector}" is not a label selector`);
  const requirements = parts.map((part) => requirement(part.trim()));
  return (labels) => requirements.every((holds) => holds(labels ?? {}));
};

/** `{ app: 'web' }` as `app=web`. */
export const labelQuery = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
