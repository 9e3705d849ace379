import { describe, expect, it } from '@jest/globals';
import { sentence } from '../../values/problem.ts';
import { checkQuery, fillQuery } from './query-text.ts';

const values = { namespace: 'shop', workload: 'web', canary: 'web-canary', service: 'web-svc', interval: '60s' };

describe('placeholders', () => {
  it.each([
    [
      'all of them',
      '{{namespace}} {{workload}} {{canary}} {{service}} {{interval}}',
      'shop web web-canary web-svc 60s',
    ],
    ['one twice', '{{canary}}/{{canary}}', 'web-canary/web-canary'],
    ['with blanks inside', '{{ canary }}', 'web-canary'],
    ['next to PromQL’s own braces', 'm{a="{{canary}}"}[{{interval}}]', 'm{a="web-canary"}[60s]'],
    ['none', 'sum(up)', 'sum(up)'],
  ])('%s', (_case, query, expected) => expect(fillQuery(query, values)).toBe(expected));
});

describe('a query that is fine', () => {
  it.each([
    'sum(rate(http_requests_total{pod=~"{{canary}}-.*"}[{{interval}}]))',
    '1',
    'label_replace(up, "a", "$1", "b", "(.*)")',
    'm{a="(", b=\'[\', c=`{`}',
    String.raw`m{a="\"("}`,
    'sum(a) # a comment with ( in it\n / sum(b)',
    '{__name__=~"a|b"}',
    '# errors\nup',
    'm{a="#"}',
    'label_replace(up, "a", "$name", "b", "(?P<name>.*)")',
    'm{a=~"web$|api$"}',
    'm{a=~"(?P<x>y)"}',
    'sum(a) > bool 1',
    'count(up == 1)',
    'a > 1 or vector(0)',
    'a unless b > 1',
    'sum(rate(a[5m] offset 1h))',
    String.raw`m{a=~"a\\.b"}`,
    'm{a=~`a\\.b`}',
    'max_over_time((rate(m[1m]))[{{interval}}:10s])',
    '100 - sum(rate(a{j="{{canary}}"}[{{ interval }}])) / sum(rate(a[{{ interval }}])) * 100',
  ])('%s', (query) => expect(checkQuery(query)).toEqual([]));
});

describe('C4: a query that cannot work', () => {
  it.each([
    ['empty', '  ', 'must not be empty'],
    ['only a comment', ' # up', 'must not be only a comment'],
    ['only comments, with brackets and a placeholder', '# sum({{name}}\n\n  # b', 'must not be only a comment'],
    ['a bracket that is not closed', 'sum(rate(m[5m])', 'is not PromQL at its end'],
    ['a bracket that is not opened', 'sum(m))', 'is not PromQL at ")"'],
    ['crossed brackets', 'sum(m[5m)]', 'is not PromQL at ")]"'],
    ['a string that does not end', 'm{a="b}', 'is not PromQL at its end'],
    ['R7: a comma that is missing', 'histogram_quantile(0.99 sum(m))', 'is not PromQL at "sum(m))"'],
    ['R7: an offset without a time', 'm offset', 'is not PromQL at its end'],
    ['R7: an assignment', '1 = 1', 'is not PromQL at "= 1"'],
    ['R7: SQL', 'SELECT 1', 'is SQL and not PromQL'],
    ['R7: Flux', 'from(bucket: "a") |> count()', 'is Flux and not PromQL'],
    ['R7: a range', '(m[5m])', 'gives a range of points and no number'],
    ['R7: a range of a query', 'rate(m[1m])[5m:]', 'gives a range of points and no number'],
    ['R7: a text', '"text"', 'gives a text and no number'],
    ['R7: an escape that Go does not have', String.raw`m{a=~"a\.b"}`, String.raw`has \. in the string "a\.b"`],
    [
      'R7: an alert’s comparison',
      'sum(rate(m[5m])) > 0.05',
      'compares (sum(rate(m[5m])) > 0.05), and a comparison gives no series while it does not hold',
    ],
    [
      'R7: a comparison beside what is judged',
      'sum(m) and (sum(n) > 3)',
      'compares (sum(n) > 3), and a comparison gives no series while it does not hold',
    ],
    ['R7: a variable of Grafana for the interval', 'rate(m[$__rate_interval])', 'has the variable $__rate_interval'],
    ['R7: a variable of Grafana in a matcher', 'm{a="$namespace"}', 'has the variable $namespace'],
    ['R7: one in braces', 'm{a="${namespace}"}', 'has the variable ${namespace'],
    ['R7: one in brackets', 'm{a="[[namespace]]"}', 'has the variable [[namespace]]'],
    ['R7: what a manual leaves open', 'm{a="<namespace>"}', 'has <namespace>, which stands for something'],
    [
      'R7: a placeholder that is not closed',
      'm{a="{{namespace"}',
      'has a placeholder that is opened by {{ and never closed',
    ],
    ['R7: three braces', 'm{a="{{{namespace}}}"}', 'has a placeholder in three braces'],
    ['an unknown placeholder', 'm{a="{{name}}"}', 'has the unknown placeholder {{name}}'],
    ['a placeholder of another tool', 'm{a="{{ .Target }}"}', 'has the unknown placeholder {{ .Target }}'],
    ['an empty placeholder', 'm{{}}', 'has the unknown placeholder {{}}'],
  ])('%s', (_case, query, rule) =>
    expect(checkQuery(query)).toEqual([expect.objectContaining({ field: 'query', value: query, rule })]),
  );

  // Each takes minutes where an expression goes back over what it has read.
  it.each([
    ['blanks after an opening', '{{' + ' '.repeat(4094)],
    ['openings', '{{'.repeat(2048)],
    ['comments', '#\n'.repeat(2048)],
    ['blanks in many placeholders', '{{ }}'.repeat(819)],
    ['backslashes in a string', '"' + '\\'.repeat(4095)],
    ['brackets', '('.repeat(4096)],
    ['comparisons', 'a>'.repeat(2048)],
  ])('is found at once in many %s', (_case, query) => {
    const problems = checkQuery(query).map(sentence);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('').length).toBeLessThan(1000);
    expect(fillQuery(query, values)).toBe(query);
  });

  it('R7: is reported with every placeholder that is wrong, and what is known', () => {
    const [unknown, foreign] = checkQuery('m{a="{{pod}}",b="{{ target }}"}');
    expect(sentence(unknown!)).toBe(
      'query "m{a="{{pod}}",b="{{ target }}"}": has the unknown placeholder {{pod}}. Known are {{canary}} (the new version), {{workload}} (the stable one), {{namespace}}, {{service}} and {{interval}}.',
    );
    expect(foreign?.rule).toBe('has the unknown placeholder {{ target }}');
  });
});

describe('R7: what other tools write is answered with what it means here', () => {
  it.each([
    ['m{pod=~"{{ target }}-[0-9a-z]+"}', 'is the new version: write {{canary}}'],
    ['m{a="{{ name }}"}', 'write {{canary}} for the new version’s Deployment'.replace('’', "'")],
    ['m{a="{{ ingress }}"}', 'is an Ingress: write its name'],
    ['m{a="{{ route }}"}', 'is a route: write its name'],
    ['m{a="{{ variables.direction }}"}', 'write the value'],
    ['m{a="{{args.service-name}}"}', '{{canary}} where it is the name of the new version'],
    ['m{a="{{templates.canary.podTemplateHash}}"}', 'write {{canary}}'],
    ['m{a="{{ printf "%s" "x" }}"}', 'write the text that it stands for'],
    ['rate(m[$__interval])', 'write {{interval}}'],
    ['m{a="$namespace"}', 'write {{namespace}}'],
    ['a > 1', 'Leave the comparison out and set min or max'],
  ])('%s', (query, todo) => expect(checkQuery(query).map((one) => one.todo)).toEqual([expect.stringContaining(todo)]));

  it('and nobody is told to take the stable arm for the canary', () =>
    expect(checkQuery('m{pod=~"{{ target }}-.*"}')[0]?.todo).toMatch(
      /^Flagger's \{\{ target \}\} is the new version: write \{\{canary\}\}/,
    ));

  it('of a template of theirs, filled in as told, is a query', () =>
    expect(
      checkQuery(
        '100 - sum(rate(m{namespace="{{ namespace }}",job="{{canary}}",status!~"5.*"}[{{ interval }}])) / sum(rate(m{job="{{canary}}"}[{{ interval }}])) * 100',
      ),
    ).toEqual([]));
});
