/** Recognises template syntax of other tools in queries, and says what to write instead. */

/** What is wrong, and what to do. */
export type Remark = { readonly rule: string; readonly todo: string };

const fixed: Readonly<Record<string, string>> = {
  target:
    "Flagger's {{ target }} is the new version: write {{canary}}, also for {{ target }}-canary; for {{ target }}-primary write {{workload}}.",
  name: "Flagger's {{ name }} is its Canary object, which does not exist here: write {{canary}} for the new version's Deployment, {{service}} for the Service.",
  ingress: "Flagger's {{ ingress }} is an Ingress: write its name.",
  route: "Flagger's {{ route }} is a route: write its name.",
};

const prefixed: readonly (readonly [prefix: RegExp, todo: string])[] = [
  [/^variables\./, 'There are no variables here: write the value.'],
  [
    /^args\./,
    "Argo's {{args.…}} are handed to its template; there are none here: write the value, and {{canary}} where it is the name of the new version's Service or Deployment.",
  ],
  [
    /^templates\./,
    'There are no experiments here: write {{canary}} for the new version, {{workload}} for the stable one.',
  ],
  [/^(printf|if|else|end|range|with|\.|\$)/, 'Templates of Go are not run here: write the text that it stands for.'],
];

/** What to write instead of a placeholder of another tool; undefined for a placeholder that no known tool has. */
export const meantBy = (name: string): string | undefined =>
  (Object.hasOwn(fixed, name) ? fixed[name] : undefined) ?? prefixed.find(([prefix]) => prefix.test(name))?.[1];

const grafanaTodo = (variable: string): string => {
  if (/interval|range/i.test(variable))
    return 'Grafana fills that in and Sluice does not: write {{interval}}, or a time such as 5m.';
  if (/namespace|\bns\b/i.test(variable)) return 'Grafana fills that in and Sluice does not: write {{namespace}}.';
  return 'Grafana fills that in and Sluice does not: write the value. (For a dollar itself, [$] in a pattern.)';
};

// A dollar at the end of a pattern, and `$1` of label_replace, are PromQL's.
const variable = /\$\{?[A-Za-z_]\w*|\[\[\w+\]\]/;
// `(?P<name>…)` is a group in a pattern.
const angled = /(?<!\?P?)<[A-Za-z][\w-]*>/;

/** Finds dashboard variables and placeholders from manuals inside a string or a duration, where PromQL has no variables. */
export const variableIn = (text: string): Remark | undefined => {
  const [dollar] = variable.exec(text) ?? [];
  if (dollar !== undefined) return { rule: `has the variable ${dollar}`, todo: grafanaTodo(dollar) };
  const [stands] = angled.exec(text) ?? [];
  return stands === undefined
    ? undefined
    : {
        rule: `has ${stands}, which stands for something`,
        todo: 'Write what it stands for; {{namespace}} and {{interval}} are filled in.',
      };
};

const languages: readonly (readonly [RegExp, string])[] = [
  [/^select\s/i, 'SQL'],
  [/^from\s*\(\s*bucket/i, 'Flux'],
  [/^fetch\s/i, "Google's MQL"],
];

/** Recognises a query in another language than PromQL. */
export const otherLanguage = (query: string): Remark | undefined => {
  const [, language] = languages.find(([begin]) => begin.test(query.trim())) ?? [];
  return language === undefined
    ? undefined
    : {
        rule: `is ${language} and not PromQL`,
        todo: 'Write a PromQL expression that gives one number: Sluice asks Prometheus.',
      };
};
