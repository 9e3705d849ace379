import { describe, expect, it } from '@jest/globals';
import { createLog, logFields, type Log, type LogFields } from './log.ts';

const logging = (level: 'info' | 'silent'): { log: Log; lines: () => Record<string, unknown>[] } => {
  const written: string[] = [];
  const log = createLog(level, { write: (line) => void written.push(line) });
  return { log, lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>) };
};

describe('log', () => {
  it('writes one JSON object a line, with the fields of its parents', () => {
    const { log, lines } = logging('info');
    const child = log.child({ component: 'controller' } satisfies LogFields);
    child.info({ namespace: 'shop', workload: 'web', phase: 'Promoting' } satisfies LogFields, 'entered');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        component: 'controller',
        namespace: 'shop',
        workload: 'web',
        phase: 'Promoting',
        msg: 'entered',
      },
    ]);
  });

  it('keeps message and stack of an error', () => {
    const { log, lines } = logging('info');
    log.error({ err: new TypeError('no') }, 'failed');
    expect(lines()[0]).toMatchObject({
      level: 'error',
      err: { type: 'TypeError', message: 'no', stack: expect.any(String) },
    });
  });

  it.each<['info' | 'silent', number]>([
    ['info', 1],
    ['silent', 0],
  ])('at level %s writes %i of a debug and an error line', (level, expected) => {
    const { log, lines } = logging(level);
    log.debug('small');
    log.error('big');
    expect(lines()).toHaveLength(expected);
  });

  it('knows each field once', () => expect(new Set(logFields).size).toBe(logFields.length));
});
