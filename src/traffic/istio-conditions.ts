/** Conditions in Istio's match blocks: what a split asks for, and how it is joined with what a user wrote. */
import type { Json, JsonObject } from '../values/kube-object.ts';
import { sameJson } from '../values/same-json.ts';
import type { Match, TextMatch } from '../values/split.ts';
import { objectOf, textsOf } from '../values/json-values.ts';

/** A block for which all conditions hold, or why there is none: no request fits, or a block cannot say it. */
export type Joined =
  | { readonly is: 'block'; readonly block: JsonObject }
  | { readonly is: 'never' }
  | { readonly is: 'unsayable'; readonly at: string; readonly asked: string; readonly written: Json };

type Place = 'headers' | 'queryParams';
type Condition = { readonly place: Place; readonly key: string; readonly text: JsonObject | undefined };

/** RE2 that means this text and nothing else. */
const quoted = (text: string): string => text.replaceAll(/[\\.+*?()|[\]{}^$]/g, '\\$&');

/** A suffix is unknown to Istio, and istiod refuses an empty prefix. Its regular expressions match the whole text. */
const headerText = (text: TextMatch): JsonObject => {
  if ('suffix' in text) return { regex: `.*${quoted(text.suffix)}` };
  return 'prefix' in text && text.prefix === '' ? { regex: '.*' } : text;
};

/** Older istiods turn a prefix of a query parameter into the mere presence of the parameter. */
const queryText = (text: TextMatch): JsonObject =>
  'prefix' in text ? { regex: `${quoted(text.prefix)}.*` } : headerText(text);

/** Undefined for a regular expression: nothing keeps it from matching across the end of the cookie. */
const cookieText = (name: string, text: TextMatch): JsonObject | undefined => {
  if ('regex' in text) return undefined;
  const value =
    'exact' in text
      ? quoted(text.exact)
      : 'prefix' in text
        ? `${quoted(text.prefix)}[^;]*`
        : `[^;]*${quoted(text.suffix)}`;
  return { regex: `^(.*?;\\s*)?${quoted(name)}=${value}(;.*)?$` };
};

const conditionsOf = ({ headers = {}, cookies = {}, query = {} }: Match): readonly Condition[] => [
  ...Object.entries(headers).map(([key, text]): Condition => ({
    place: 'headers',
    key: key.toLowerCase(),
    text: headerText(text),
  })),
  ...Object.entries(cookies).map(([name, text]): Condition => ({
    place: 'headers',
    key: 'cookie',
    text: cookieText(name, text),
  })),
  ...Object.entries(query).map(([key, text]): Condition => ({ place: 'queryParams', key, text: queryText(text) })),
];

/** `*` is Istio's word for any value, and no regular expression. */
const isPresence = (text: JsonObject): boolean => Object.keys(text).length === 0 || text['regex'] === '*';

const literalOf = ({ exact, prefix }: JsonObject): string | undefined =>
  [exact, prefix].find((text) => typeof text === 'string');

/** One condition that holds where both do. Undefined if there is none that can be told without matching expressions. */
const both = (a: JsonObject, b: JsonObject): JsonObject | 'never' | undefined => {
  if (isPresence(a) || sameJson(a, b)) return b;
  if (isPresence(b)) return a;
  const [first, second] = [literalOf(a), literalOf(b)];
  if (first === undefined || second === undefined) return undefined;
  const fits = (exact: string, other: JsonObject): boolean =>
    'exact' in other ? exact === other['exact'] : exact.startsWith(literalOf(other) ?? '');
  if ('exact' in a) return fits(first, b) ? a : 'never';
  if ('exact' in b) return fits(second, a) ? b : 'never';
  if (first.startsWith(second)) return a;
  return second.startsWith(first) ? b : 'never';
};

/** Names of headers mean the same in either case. */
const keyIn = (texts: JsonObject, { place, key }: Condition): string =>
  Object.keys(texts).find((one) => (place === 'headers' ? one.toLowerCase() : one) === key) ?? key;

const withCondition = (block: JsonObject, condition: Condition): Joined => {
  const { place, text } = condition;
  const texts = objectOf(block[place]);
  const key = keyIn(texts, condition);
  const written = texts[key];
  const joined = text === undefined || written === undefined ? text : both(objectOf(written), text);
  if (joined === 'never') return { is: 'never' };
  if (joined === undefined)
    return { is: 'unsayable', at: `${place}.${key}`, asked: JSON.stringify(text ?? null), written: written ?? null };
  return { is: 'block', block: { ...block, [place]: { ...texts, [key]: joined } } };
};

/** A block that names gateways is not compared with labels at all (`sourceMatchHTTP` in istiod), so it would match everybody. */
const withSource = (block: JsonObject, labels: JsonObject): Joined => {
  const gateways = textsOf(block['gateways']);
  const written = objectOf(block['sourceLabels']);
  const differs = Object.entries(labels).some(([key, value]) => (written[key] ?? value) !== value);
  if (differs || (gateways.length > 0 && !gateways.includes('mesh'))) return { is: 'never' };
  if (gateways.length > 0)
    return { is: 'unsayable', at: 'gateways', asked: JSON.stringify(labels), written: [...gateways] };
  return { is: 'block', block: { ...block, sourceLabels: { ...written, ...labels } } };
};

/** A block that matches what both a block of the user and a match of a split do. */
export const joinBlock = (written: JsonObject, match: Match): Joined => {
  const start: Joined =
    match.sourceLabels === undefined ? { is: 'block', block: written } : withSource(written, match.sourceLabels);
  return conditionsOf(match).reduce<Joined>((joined, condition) => {
    if (joined.is === 'never') return joined;
    const next = withCondition(joined.is === 'block' ? joined.block : written, condition);
    // What no request fits needs no block, whatever else cannot be said.
    return joined.is === 'unsayable' && next.is !== 'never' ? joined : next;
  }, start);
};
