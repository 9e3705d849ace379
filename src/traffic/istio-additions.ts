/** What a VirtualService says of a split beside weights. Only http rules know matches and mirrors. */
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { replaceAt } from '../values/json-values.ts';
import type { Additions } from './additions.ts';
import { callersOf, httpList, httpOf, isServiceIn } from './istio-http.ts';
import { isMatchRule, matchRule } from './istio-match.ts';
import { withMirror, withoutMirror } from './istio-mirror.ts';
import { istioProblems, takenMirrors } from './istio-problems.ts';

const withHttp = (object: KubeObject, rules: readonly JsonObject[]): KubeObject =>
  replaceAt(object, [{ path: ['spec', 'http'], value: rules }]);

const without: Additions['without'] = (object, canaryServices) => {
  const isCanary = isServiceIn(object, canaryServices);
  const all = httpOf(object);
  const rules = all.filter((rule) => !isMatchRule(rule)).map((rule) => withoutMirror(rule, isCanary));
  // Keys of rules are cached by the rules themselves, so what is bare already stays the same object.
  return rules.length === all.length && rules.every((rule, index) => rule === all[index])
    ? object
    : withHttp(object, rules);
};

const withAdditions: Additions['with'] = (object, asked) => {
  const callers = callersOf(object);
  return withHttp(
    object,
    httpOf(object).flatMap((rule, index) => {
      const sending = asked.flatMap((one) => httpList(one, index).map((list) => ({ one, list })));
      const mirrored = sending
        .filter(({ one }) => one.split.mirror !== undefined)
        .reduce((next, { one, list }) => withMirror(next, list, one), rule);
      return [...sending.flatMap(({ one, list }) => matchRule(rule, list, one, callers)), mirrored];
    }),
  );
};

export const istioAdditions: Additions = { without, with: withAdditions, taken: takenMirrors, problems: istioProblems };
