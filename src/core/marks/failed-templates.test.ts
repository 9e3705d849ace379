import { expect, it } from '@jest/globals';
import { marks } from '../../schema/annotations.ts';
import { failedTemplate, withFailed, withoutFailed } from './failed-templates.ts';

const marked = (text: string) => ({ [marks.failed]: text });

it('remembers the last ten, the newest first, each once', () => {
  let text = '';
  for (let i = 0; i < 12; i += 1)
    text = withFailed(marked(text), { hash: `h${i}`, release: `web-${i}`, outcome: 'Failed' });
  text = withFailed(marked(text), { hash: 'h5', release: 'web-5-retry2', outcome: 'Aborted' });
  expect(text.split(',')).toHaveLength(10);
  expect(text.startsWith('h5:web-5-retry2:Aborted,h11:web-11:Failed,')).toBe(true);
  expect(failedTemplate(marked(text), 'h1')).toBeUndefined();
  expect(failedTemplate(marked(text), 'h5')).toEqual({ hash: 'h5', release: 'web-5-retry2', outcome: 'Aborted' });
});

it('forgets what is tried again, and the mark with the last one', () => {
  expect(withoutFailed(marked('a:web-1:Failed,b:web-2:Failed'), 'a')).toBe('b:web-2:Failed');
  expect(withoutFailed(marked('a:web-1:Failed'), 'a')).toBeUndefined();
});

it.each(['', 'a', 'a:web-1', ':web-1:Failed', 'a:web-1:Promoted', 'a::Failed'])('ignores "%s"', (text) =>
  expect(failedTemplate(marked(text), 'a')).toBeUndefined(),
);
