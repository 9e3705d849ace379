/**
 * The largest bodies that are taken, put to a webhook in a process with no more memory than the chart allows. Time is CPU
 * time, and measured by what it takes a server to do nothing but parse such bodies: so it holds on a machine that is busy,
 * or slow.
 */
import { Agent, request as httpsRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  endlessExcuse,
  heaviestToParse,
  heavyBodies,
  heavyValues,
  nullTemplate,
  uid,
  update,
} from '../../test/support/heavy-bodies.ts';
import { pathsIn, withTextAt } from '../../test/support/hostile-json.ts';
import { startWebhookProcess, type WebhookProcess } from '../../test/support/webhook-process.ts';
import type { JsonObject } from '../values/kube-object.ts';

/** MiB. Node takes half of its container for its heap. */
const container = 512;
const heap = container / 2;
/**
 * So many times as long as a server that says yes takes for the heaviest of these bodies: 3 s. The slowest takes half of it
 * (60,000 rules of a route, each of them hashed); what is quadratic takes a hundred times as long.
 */
const mostTimes = 24;
/** Characters: fifty problems are told at most, each of them once as a sentence and once as a cause. */
const longestAnswer = 200_000;
const longestLine = 5_000;

let server: WebhookProcess;
let bare: WebhookProcess;
/** Milliseconds of CPU that an answer may take. */
let most = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

type Asked = { readonly status: number; readonly text: string };

const ask = ({ port, ca }: WebhookProcess, body: string, path = '/mutate'): Promise<Asked> =>
  new Promise((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const outgoing = httpsRequest({ agent, port, ca, host: '127.0.0.1', path, method: 'POST', headers }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });

const cpuOf = async <T>(process: WebhookProcess, act: () => Promise<T>): Promise<readonly [T, number]> => {
  const before = await process.cpuMs();
  const result = await act();
  return [result, (await process.cpuMs()) - before];
};

/** What is wrong with the answer, in words; undefined when all is as it should be. */
const fault = async (body: string, path: string): Promise<string | undefined> => {
  const [{ status, text }, took] = await cpuOf(server, () => ask(server, body, path));
  const next = await ask(server, JSON.stringify(update));
  if (next.status !== 200) return `the next question is answered with ${next.status}`;
  if (took > most) return `${Math.round(took)} ms of CPU, where ${Math.round(most)} are allowed`;
  if (status === 200) return misshapen(text);
  if (status < 400 || status >= 500) return `status ${status}`;
  const { error } = JSON.parse(text) as { readonly error: string };
  return error.length > 0 && error.length < longestLine ? undefined : `an error of ${error.length} characters`;
};

const misshapen = (text: string): string | undefined => {
  const { patch: _values, ...response } = (JSON.parse(text) as { readonly response: JsonObject }).response;
  if (response['uid'] !== uid || typeof response['allowed'] !== 'boolean') return 'no answer to this question';
  if ((response['status'] as JsonObject | undefined)?.['code'] === 500) return 'a fault';
  const { length } = JSON.stringify(response);
  return length < longestAnswer ? undefined : `an answer of ${length} characters`;
};

beforeAll(async () => {
  const execArgv = [`--max-old-space-size=${heap}`, '--expose-gc'];
  [server, bare] = await Promise.all([
    startWebhookProcess({ execArgv, keepOutput: true }),
    startWebhookProcess({ kind: 'bare', execArgv }),
  ]);
  for (let i = 0; i < 3; i += 1) {
    const [, took] = await cpuOf(bare, () => ask(bare, heaviestToParse));
    most = Math.max(most, mostTimes * took);
  }
}, 60_000);

afterAll(async () => {
  agent.destroy();
  await Promise.all([server.stop(), bare.stop()]);
});

describe('a value in the place of any other of a Deployment is answered in time', () => {
  const paths = pathsIn(update).filter(
    ([, object], i) => object === 'object' || (object === 'oldObject' && i % 6 === 0),
  );

  it.each(heavyValues)(
    '%s',
    async (_case, json) => {
      const faults: string[] = [];
      for (const [i, path] of paths.entries()) {
        const found = await fault(withTextAt(update, path, json), i % 2 === 0 ? '/mutate' : '/validate');
        if (found !== undefined) faults.push(`${path.join('.')}: ${found}`);
      }
      expect(faults).toEqual([]);
    },
    120_000,
  );
});

describe('a body that is heavy in what Sluice compares, keeps or quotes is answered in time', () => {
  it.each(heavyBodies)(
    '%s, at %s',
    async (_case, path, body) => expect(await fault(body, path)).toBeUndefined(),
    60_000,
  );
});

describe('the process', () => {
  /** MiB of the heap that questions leave behind. */
  const growth = async (count: number, body: (i: number) => string, path?: string): Promise<number> => {
    const before = (await server.usage()).heapMiB;
    for (let i = 0; i < count; i += 1) expect((await ask(server, body(i), path)).status).toBe(200);
    return (await server.usage()).heapMiB - before;
  };

  it('keeps no template that is large, though what it says is short', async () => {
    expect(await growth(15, nullTemplate)).toBeLessThan(15);
  }, 60_000);

  it('keeps of a question only what is told of it in an event', async () => {
    expect(await growth(30, endlessExcuse, '/validate/break-glass')).toBeLessThan(15);
  }, 60_000);

  it('is there still, has had room to spare, and has logged no fault, and nothing in full', async () => {
    expect(server.alive()).toBe(true);
    expect((await server.usage()).mostRssMiB).toBeLessThan(container);
    expect(server.output()).not.toMatch(/"fault"|Error/);
    expect(
      Math.max(
        ...server
          .output()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThan(longestLine);
  });
});
