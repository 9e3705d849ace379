import { expect, test } from '@jest/globals';
import { nearest } from './nearest.ts';

const names = ['steps', 'step-weight', 'max-weight', 'interval', 'provider', 'on-failure', 'careful'];

test.each([
  ['stepz', 'steps'],
  ['step', 'steps'],
  ['step_weight', 'step-weight'],
  ['StepWeight', 'step-weight'],
  ['step-wieght', 'step-weight'],
  ['intervall', 'interval'],
  ['porvider', 'provider'],
  ['onfailure', 'on-failure'],
  ['cafreul', 'careful'],
  ['colour', undefined],
  ['', undefined],
  ['s', undefined],
  ['x'.repeat(1_000_000), undefined],
])('the name nearest to %.20s is %s', (word, expected) => {
  expect(nearest(word, names)).toBe(expected);
});

test('of two near names the nearer one is meant', () => {
  expect(nearest('webs', ['wobs', 'web', 'webs-2'])).toBe('wobs');
  expect(nearest('webs', ['wobs', 'webs'])).toBe('webs');
});
