/** What of a split the user's VirtualServices have no room for: said before the first step, since nothing wrong is ever routed. */
import type { JsonObject, KubeObject } from '../values/kube-object.ts';
import { objectOf, objectsOf } from '../values/json-values.ts';
import type { Problem } from '../values/problem.ts';
import type { Additions, Asked, AskedOf } from './additions.ts';
import { callersOf, httpList, httpOf, isServiceIn } from './istio-http.ts';
import { outcomesOf, type Outcome } from './istio-match.ts';
import { isOnlyForApex, mirrorInTheWay, mirrorsToCanary } from './istio-mirror.ts';
import { carriedSplits } from './split-memo.ts';
import type { LiveList } from './weighted-kind.ts';

/** An http rule that gives the apex traffic. */
type Rule = { readonly field: string; readonly rule: JsonObject; readonly list: LiveList; readonly of: AskedOf };

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.name}`;

const rulesOf = (of: AskedOf): readonly Rule[] =>
  httpOf(of.bare).flatMap((rule, index) =>
    httpList(of.asked, index).map((list) => ({ field: `${nameOf(of.bare)} http[${index}]`, rule, list, of })),
  );

const tooMany = (field: string): Problem => ({
  field: `${field}.match`,
  rule: 'has too many matches to be combined with those of the split',
  todo: 'Spread them over several rules, or let the split match less.',
});

const delegated = (field: string): Problem => ({
  field: field.replace(/ .*/, ' spec.hosts'),
  rule: 'is empty, so another VirtualService delegates to it, and whether Istio looks at labels of the calling workload is decided there',
  todo: 'Match a header, a cookie or a query parameter instead.',
});

const unsayable = (field: string, outcome: Extract<Outcome, { readonly is: 'unsayable' }>): Problem => {
  const { index, at, asked, written } = outcome;
  if (index === undefined)
    return {
      field: `${field}.match`,
      value: asked,
      rule: `is asked for in a form that a match has no room for: at most one cookie or condition on ${at}, and no pattern for a cookie`,
      todo: 'Let the split match one of them.',
    };
  const place = { field: `${field}.match[${index}].${at}`, value: JSON.stringify(written) };
  return at === 'gateways'
    ? {
        ...place,
        rule: 'keeps Istio from looking at labels of the calling workload, so that every request would match',
        todo: 'Name the gateways in the VirtualService instead, or let the split match a header.',
      }
    : {
        ...place,
        rule: `is in the place of what the split matches (${asked}), and a match has room for one condition there`,
        todo: 'Let the split match something else, or write the same condition.',
      };
};

const outcomeProblems = (field: string, outcome: Outcome): readonly Problem[] => {
  switch (outcome.is) {
    case 'too-many':
      return [tooMany(field)];
    case 'delegated':
      return [delegated(field)];
    case 'unsayable':
      return [unsayable(field, outcome)];
    default:
      return [];
  }
};

const mirrorProblems = ({ field, rule, list, of: { asked } }: Rule): readonly Problem[] => {
  const { apex, canaryService } = asked;
  const taken = mirrorInTheWay(rule);
  if (taken !== undefined)
    return [
      {
        field: `${field}.${taken}`,
        value: JSON.stringify(rule[taken]),
        rule: `leaves no room for a mirror to ${canaryService}`,
        todo: 'Write it as an entry of `mirrors`, of which there may be several.',
      },
    ];
  if (isOnlyForApex(list, asked)) return [];
  return [
    {
      field: `${field}.route`,
      rule: `sends to other destinations than ${apex}, whose requests would be copied to ${canaryService} as well`,
      todo: `Give ${apex} a rule of its own, or take the mirror out of the policy.`,
    },
  ];
};

/** A mirror to the canary that Sluice has not made would go with the release. */
export const takenMirrors: Additions['taken'] = (object, canaryService) =>
  httpOf(object).flatMap((rule, index) =>
    mirrorsToCanary(rule, isServiceIn(object, [canaryService]))
      ? [
          {
            field: `${nameOf(object)} http[${index}]`,
            value: canaryService,
            rule: `already mirrors to ${canaryService}, the Service that Sluice makes for a canary`,
            todo: 'Take that mirror out of the rule; Sluice adds one where a release asks for it.',
          },
        ]
      : [],
  );

const onlyStreams = (objects: readonly AskedOf[], { apex }: Asked): Problem => ({
  field: objects.map(({ bare }) => nameOf(bare)).join(', '),
  rule: `sends to the Service ${apex} by tls and tcp rules only, which know neither matches nor copies of requests`,
  todo: 'Split by weights, or let an http rule send to it.',
});

const noRequest = (rules: readonly Rule[], { match }: Asked['split']): Problem => ({
  field: [...new Set(rules.map(({ field }) => `${field}.match`))].join(', '),
  value: JSON.stringify(match),
  rule: 'can be met by no request that the split matches, so none would reach the canary',
  todo: 'Let the split match requests that one of these rules is for.',
});

/** The first copy that fits would decide alone, for the destinations of both. */
const matchedForOthers = ({ field, rule, of: { live, asked } }: Rule): readonly Problem[] => {
  const destinations = objectsOf(rule['route']).map(({ destination }) => objectOf(destination));
  return carriedSplits(live)
    .filter(({ apex, split }) => apex !== asked.apex && split.match !== undefined)
    .filter(({ apex }) => destinations.some(isServiceIn(live, [apex])))
    .map(({ apex, release }) => ({
      field: `${field}.route`,
      value: apex,
      rule: `sends to the Service ${apex} too, whose release ${release} matches requests there, and one request may fit both`,
      todo: 'Wait for that release, or give each Service a rule of its own.',
    }));
};

const matchProblems = (rules: readonly Rule[], { split }: Asked): readonly Problem[] => {
  const outcomes = rules.flatMap(({ field, rule, of: { bare, asked } }) =>
    outcomesOf(rule, asked, callersOf(bare)).map((outcome) => ({ field, outcome })),
  );
  const found = outcomes.flatMap(({ field, outcome }) => outcomeProblems(field, outcome));
  // A gateway's callers have no labels that could be told; the mesh's are in a route beside it.
  const all = rules.every(({ of }) => callersOf(of.bare) !== 'gateways');
  return found.length === 0 && all && outcomes.every(({ outcome: { is } }) => is === 'never')
    ? [noRequest(rules, split)]
    : found;
};

export const istioProblems: Additions['problems'] = (objects) => {
  const rules = objects.flatMap(rulesOf);
  const [first] = objects;
  if (first === undefined || objects.every(({ asked }) => asked.lists.length === 0)) return [];
  const { asked } = first;
  if (rules.length === 0) return [onlyStreams(objects, asked)];
  const { match = [], mirror = 0 } = asked.split;
  return [
    ...(match.length > 0 ? [...matchProblems(rules, asked), ...rules.flatMap(matchedForOthers)] : []),
    ...(mirror > 0 ? rules.flatMap(mirrorProblems) : []),
  ];
};
