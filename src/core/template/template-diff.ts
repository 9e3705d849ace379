/** What changed between two pod templates, in short lines for people. */
import type { Json, JsonObject, PodTemplate } from '../../values/kube-object.ts';
import { canonicalJson } from './canonical-json.ts';
import { restartedAt } from './restart-only.ts';
import { sameJson } from '../../values/same-json.ts';
import { cutMiddle, shownApart } from '../../values/shown-apart.ts';
import { replicaSetLabel, templateHash } from './template-hash.ts';

const shownValue = 80;
const shownKey = 72;
const shownLine = 240;
const defaultLines = 8;

/**
 * Lines such as `image of container app: web:1 → web:2` or `env LOG in app: added`. Values of environment variables and
 * annotations never appear, because the lines are recorded and logged and the values may be secrets. Shows at most
 * `lines` changes (at least 1) and counts the rest: `and 3 more`. Empty if the templates have the same hash.
 */
export const templateDiff = (a: PodTemplate, b: PodTemplate, lines: number = defaultLines): readonly string[] => {
  const found = [...metadataDiff(a, b), ...specDiff(a.spec ?? {}, b.spec ?? {})];
  // Environment variables may share a name; such duplicates hide each other above.
  const hidden = found.length === 0 && templateHash(a) !== templateHash(b);
  const all = hidden ? ['pod template: changed'] : found;
  const shown = all.slice(0, lines).map((line) => cutMiddle(line, shownLine));
  return all.length <= lines ? shown : [...shown, `and ${all.length - lines} more`];
};

const metadataDiff = (a: PodTemplate, b: PodTemplate): readonly string[] => [
  ...entriesDiff(a.metadata?.labels ?? {}, b.metadata?.labels ?? {}, [replicaSetLabel]).map(
    (change) => `label ${change}`,
  ),
  ...namesDiff(a.metadata?.annotations ?? {}, b.metadata?.annotations ?? {}).map((change) =>
    change.startsWith(`${restartedAt}:`) ? 'restarted by kubectl' : `annotation ${change}`,
  ),
];

/** Lists whose members are identified by name, and the word for a member. */
const namedLists: Readonly<Record<string, string>> = {
  containers: 'container',
  initContainers: 'init container',
  volumes: 'volume',
};
const listFields = Object.keys(namedLists);

const specDiff = (a: JsonObject, b: JsonObject): readonly string[] => [
  ...Object.entries(namedLists).flatMap(([field, what]) =>
    membersDiff([a[field], b[field]], { list: field, member: (name) => `${what} ${name}` }, (name, x, y) =>
      field === 'volumes' ? wholeDiff(`volume ${name}`, x, y) : containerDiff(what, name, x, y),
    ),
  ),
  ...entriesDiff(a, b, listFields),
];

const wholeDiff = (title: string, a: JsonObject, b: JsonObject): readonly string[] =>
  same(a, b) ? [] : [`${title}: changed`];

const containerDiff = (what: string, name: string, a: JsonObject, b: JsonObject): readonly string[] => [
  ...entriesDiff(pick(a, 'image'), pick(b, 'image')).map((change) =>
    change.replace('image', () => `image of ${what} ${name}`),
  ),
  ...membersDiff(
    [a['env'], b['env']],
    { list: `env in ${name}`, member: (variable) => `env ${variable} in ${name}` },
    (variable, x, y) => wholeDiff(`env ${variable} in ${name}`, x, y),
  ),
  ...changedFields(a, b, ['image', 'env']).map((field) => `${field} of ${what} ${name}: changed`),
];

type Members = ReadonlyMap<string, JsonObject>;

const members = (list: Json | undefined): Members =>
  new Map(
    (Array.isArray(list) ? (list as readonly Json[]) : []).flatMap((item) =>
      isObject(item) && typeof item['name'] === 'string' ? [[item['name'], item] as const] : [],
    ),
  );

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Titles = { readonly list: string; readonly member: (name: string) => string };

/** Order matters in Kubernetes' equality; environment variables, for instance, may refer to earlier ones. */
const membersDiff = (
  [a, b]: readonly [Json | undefined, Json | undefined],
  title: Titles,
  changed: (name: string, x: JsonObject, y: JsonObject) => readonly string[],
): readonly string[] => {
  if (sameJson(a, b)) return [];
  const [before, after] = [members(a), members(b)];
  const found = [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [x, y] = [before.get(name), after.get(name)];
    if (x === undefined) return [`${title.member(name)}: added`];
    if (y === undefined) return [`${title.member(name)}: removed`];
    return changed(name, x, y);
  });
  return sameOrder(before, after) ? found : [...found, `order of ${title.list}: changed`];
};

const sameOrder = (a: Members, b: Members): boolean => {
  const left = [...a.keys()].filter((name) => b.has(name));
  const right = [...b.keys()].filter((name) => a.has(name));
  return left.every((name, i) => name === right[i]);
};

/** `x: added`, `x: removed` or `x: changed`, without values. */
const namesDiff = (a: JsonObject, b: JsonObject): readonly string[] =>
  changedFields(a, b, []).map((key) => {
    if (isMissing(a[key])) return `${key}: added`;
    return `${key}: ${isMissing(b[key]) ? 'removed' : 'changed'}`;
  });

/** `x: 1 → 2`, `x: added`, `x: removed`; `x: changed` if a value is a list or an object. */
const entriesDiff = (a: JsonObject, b: JsonObject, without: readonly string[] = []): readonly string[] =>
  changedFields(a, b, without).map((key) => {
    const [x, y] = [a[key], b[key]];
    const title = cutMiddle(key, shownKey);
    if (isMissing(x)) return `${title}: added`;
    if (isMissing(y)) return `${title}: removed`;
    return isWord(x) && isWord(y)
      ? `${title}: ${shownApart(String(x), String(y), shownValue).join(' → ')}`
      : `${title}: changed`;
  });

const changedFields = (a: JsonObject, b: JsonObject, without: readonly string[]): readonly string[] => {
  const differs = (key: string): boolean => !without.includes(key) && differ(key, a[key], b[key]);
  const added = Object.keys(b).filter((key) => !Object.hasOwn(a, key));
  return [...Object.keys(a), ...added].filter(differs).sort();
};

/** Compares values together with their key, since for some keys an empty map counts as absent. */
const differ = (key: string, x: Json | undefined, y: Json | undefined): boolean => {
  if (sameJson(x, y)) return false;
  return isWord(x) || isWord(y) || canonicalJson({ [key]: x }) !== canonicalJson({ [key]: y });
};

const same = (a: Json | undefined, b: Json | undefined): boolean =>
  sameJson(a, b) || canonicalJson(a) === canonicalJson(b);

const isMissing = (value: Json | undefined): boolean => value === undefined || value === null;
const isWord = (value: Json | undefined): value is string | number | boolean =>
  value !== null && ['string', 'number', 'boolean'].includes(typeof value);

const pick = (object: JsonObject, key: string): JsonObject => (object[key] === undefined ? {} : { [key]: object[key] });
