/**
 * Sluice is dead and its webhook is asked with failurePolicy Fail: the page about going back has the way out, by kubectl
 * alone. Its commands are run as they stand there, under the names of this stage.
 * @long 20 s
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { begin, lifeOf, type Life } from '../support/life.ts';
import { Stage } from '../support/stage.ts';

jest.setTimeout(180_000);

const page = readFileSync(new URL('../../docs/going-back.md', import.meta.url), 'utf8');
const section = page.slice(page.indexOf('### The way out, by kubectl alone'));
const commands = [...section.slice(0, section.indexOf('\n## ') >>> 0).matchAll(/```sh\n([^`]*)```/g)].flatMap(
  ([, block = '']) => block.trim().split('\n'),
);
const annotations = {
  'sluice.dev/canary': 'enabled',
  'sluice.dev/provider': 'kubernetes',
  'sluice.dev/steps': '50',
  'sluice.dev/interval': '1h',
};

let stage: Stage;
let web: Life;

beforeAll(async () => {
  stage = await Stage.set('dead-webhook');
  web = lifeOf(stage, 'web');
  const doomed = await stage.sluice();
  await begin(stage, [web], { annotations });
  await web.apply({ version: 'v2', annotations });
  await web.untilUnderWay();
  await doomed.kill('SIGKILL');
});

afterAll(async () => stage.teardown());

test('F14: a dead webhook refuses the repair; the commands of the page lead out, and nothing of the release is left', async () => {
  const image = ['set', 'image', 'deployment/web', '*=sluice.test/app:v3', '-n', stage.namespace];
  const refused = await stage.kubectl(...image);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('failed calling webhook')]);
  expect(commands).toHaveLength(7);
  for (const command of commands) {
    const [tool, ...args] = command
      .replaceAll('sluice-webhook', `sluice-dev-${stage.namespace}`)
      .replaceAll('shop', stage.namespace)
      .split(' ');
    expect(tool).toBe('kubectl');
    expect({ command, ...(await stage.kubectl(...args)) }).toMatchObject({ command, code: 0 });
  }
  await stage.until('the canary to be gone', () => stage.deployment('web-canary') === undefined);
  expect([web.version(), web.paused()]).toEqual(['v2', false]);
  expect(await stage.kubectl(...image)).toMatchObject({ code: 0 });
  await web.rolledOut();
});
