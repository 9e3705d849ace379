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
  ])('%s', (query) => expect(checkQuery(query)).toEqual([]));
});

describe('a query that cannot work', () => {
  it.each([
    ['empty', '  ', 'must not be empty'],
    ['only a comment', ' # up', 'must not be only a comment'],
    ['only comments, with brackets and a placeholder', '# sum({{name}}\n\n  # b', 'must not be only a comment'],
    ['a bracket that is not closed', 'sum(rate(m[5m])', 'has a ( that is never closed'],
    ['a bracket that is not opened', 'sum(m))', 'has a ) without its opening bracket'],
    ['crossed brackets', 'sum(m[5m)]', 'has a ) without its opening bracket'],
    ['a string that does not end', 'm{a="b}', 'has a string that is opened with " and never closed'],
    ['a string that does not end on its line', 'm{a="b\n"}', 'has a string that is opened with " and never closed'],
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
  ])('is found at once in many %s', (_case, query) => {
    const problems = checkQuery(query).map(sentence);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.join('').length).toBeLessThan(1000);
    expect(fillQuery(query, values)).toBe(query);
  });

  it('is reported with everything that is wrong, and what is known', () => {
    const [unknown, bracket] = checkQuery('sum({{name}}');
    expect(sentence(unknown!)).toBe(
      'query "sum({{name}}": has the unknown placeholder {{name}}. Known are {{namespace}}, {{workload}}, {{canary}}, {{service}}, {{interval}}.',
    );
    expect(bracket?.rule).toBe('has a ( that is never closed');
  });
});
