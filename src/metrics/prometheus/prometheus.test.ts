import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ServerResponse } from 'node:http';
import { startPrometheusDouble, type PrometheusDouble } from '../../../test/contract/prometheus-double.ts';
import type { Ask } from '../../core/questions/source-form.ts';
import { systemClock, type Clock } from '../../ports/clock.ts';
import { MetricError } from '../../ports/metrics.ts';
import { prometheus, type PrometheusOptions } from './prometheus.ts';

const never = new AbortController().signal;
const to = 1_700_000_000_123;
const selector = { metric: 'm', where: { a: { values: ['b'] } } };
const samples: Ask = { shape: 'samples', selector, from: to - 90_500, to };
const value: Ask = { shape: 'value', query: 'sum(m)', at: to };

let double: PrometheusDouble;
beforeEach(async () => void (double = await startPrometheusDouble()));
afterEach(() => double.close());

const source = (over: Partial<PrometheusOptions> = {}): ReturnType<typeof prometheus> =>
  prometheus({ address: double.address, ...over });
const failureOf = (promise: Promise<unknown>): Promise<MetricError> =>
  promise.then(
    () => Promise.reject(new Error('it was expected to fail')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(MetricError);
      return error as MetricError;
    },
  );
const replyWith = (status: number, body: string, headers: Record<string, string> = {}): void => {
  double.reply = (_received, response: ServerResponse) => response.writeHead(status, headers).end(body);
};
const replyData = (data: object, more: object = {}): void =>
  replyWith(200, JSON.stringify({ status: 'success', data, ...more }));

describe('D10: a Prometheus whose clock is another', () => {
  const ours = { labels: { __name__: 'm', a: 'b' } };
  /** Our clock is so far ahead of the one that the answers tell. */
  const ahead = (by: number): Clock => ({ ...systemClock, now: () => Date.now() + by });
  const whole = (): number => Math.floor(Date.now() / 1000) * 1000;

  it.each([600_000, 30_000, -30_000, -600_000])('of %s ms: windows are in its time, points in ours', async (by) => {
    const theirs = whole() - 10_000;
    double.series.push({ ...ours, points: [[theirs, 7]] });
    const asked = source({ clock: ahead(by) });
    const window: Ask = { shape: 'samples', selector, from: theirs + by - 5000, to: theirs + by + 5000 };
    const { series } = await asked.fetch(window, never);
    expect(series).toHaveLength(1);
    expect(Math.abs((series[0]?.points[0]?.[0] ?? 0) - theirs - by)).toBeLessThanOrEqual(1000);
    // The first answer told the difference; from then on one request is enough.
    await asked.fetch(window, never);
    expect(double.received).toHaveLength(3);
  });

  it('within a second: it is asked as written', async () => {
    await source({ clock: ahead(0) }).fetch(samples, never);
    expect(double.received.map(({ form }) => form.get('time'))).toEqual(['1700000000.123']);
  });
});

describe('a request', () => {
  it('for samples is an instant query of a range, by POST, that tells Prometheus when to give up', async () => {
    await source({ timeout: 2_500 }).fetch(samples, never);
    const [received] = double.received;
    expect(received).toMatchObject({ method: 'POST', path: '/api/v1/query' });
    expect(Object.fromEntries(received!.form)).toEqual({
      query: 'm{a="b"}[90500ms]',
      time: '1700000000.123',
      timeout: '2500ms',
    });
  });

  it('has ten seconds unless told', async () => {
    await source().fetch(samples, never);
    expect(double.received[0]?.form.get('timeout')).toBe('10s');
  });

  it('keeps the prefix of the address, with or without a slash at its end', async () => {
    for (const suffix of ['/select/0/prometheus', '/select/0/prometheus//'])
      await source({ address: double.address + suffix }).fetch(samples, never);
    expect(double.received.map(({ path }) => path)).toEqual(Array(2).fill('/select/0/prometheus/api/v1/query'));
  });

  it.each<[string, () => Partial<PrometheusOptions>, string | undefined]>([
    ['nothing', () => ({}), undefined],
    ['basic', () => ({ auth: { kind: 'basic', user: 'me', password: 'a:b' } }), 'Basic bWU6YTpi'],
    ['bearer', () => ({ auth: { kind: 'bearer', token: 'abc' } }), 'Bearer abc'],
    ['the address’s own', () => ({ address: double.address.replace('//', '//me:p%40ss@') }), 'Basic bWU6cEBzcw=='],
  ])('is authorized by %s', async (_case, options, authorization) => {
    await source(options()).fetch(samples, never);
    expect(double.received[0]?.headers.authorization).toBe(authorization);
  });

  it('carries headers of one’s own, and those of one request never stick to another', async () => {
    const headers = { 'X-Scope-OrgID': 'shop' };
    const auth = { kind: 'bearer', token: 'abc' } as const;
    const own = source({ headers, auth });
    await own.fetch(samples, never);
    await own.fetch(samples, never);
    expect(double.received.map((r) => [r.headers['x-scope-orgid'], r.headers.authorization])).toEqual(
      Array(2).fill(['shop', 'Bearer abc']),
    );
    expect(headers).toEqual({ 'X-Scope-OrgID': 'shop' });
  });
});

describe('an answer', () => {
  it('comes with the warnings of Prometheus', async () => {
    replyData({ resultType: 'vector', result: [] }, { warnings: ['a store is down'], infos: ['not a counter'] });
    expect(await source().fetch(value, never)).toEqual({
      series: [],
      notes: ['a store is down', 'not a counter'],
      bytes: 120,
    });
  });

  it.each([
    ['HTML', '<html>Sign in</html>', /is not JSON but begins with "<html>Sign in<\/html>": is this a Prometheus\?/],
    ['nothing', '', /is not JSON/],
    ['JSON of something else', '[]', /the answer is not an object/],
    ['an error with status 200', '{"status":"error","error":"no"}', /the status is "error"/],
    ['no data', '{"status":"success"}', /data is not an object/],
    [
      'a result that is no list',
      '{"status":"success","data":{"resultType":"vector","result":{}}}',
      /result is not a list/,
    ],
    [
      'text',
      '{"status":"success","data":{"resultType":"string","result":[1,"x"]}}',
      /gives a string and a check needs a number/,
    ],
    ['a range', '{"status":"success","data":{"resultType":"matrix","result":[]}}', /gives a matrix .* such as rate/],
    [
      'a value that is no number',
      '{"status":"success","data":{"resultType":"scalar","result":[1,"x"]}}',
      /"x" is not a number/,
    ],
    ['an empty value', '{"status":"success","data":{"resultType":"scalar","result":[1,""]}}', /"" is not a number/],
    [
      'a value that is no text',
      '{"status":"success","data":{"resultType":"scalar","result":[1,2]}}',
      /a value is not a text/,
    ],
    [
      'a point without a time',
      '{"status":"success","data":{"resultType":"scalar","result":["1","2"]}}',
      /time of a point/,
    ],
    [
      'labels that are no texts',
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{"a":1},"value":[1,"2"]}]}}',
      /label a is not a text/,
    ],
    [
      'a native histogram',
      '{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}',
      /native histogram .* histogram_quantile/,
    ],
  ])('that cannot be used is malformed, with the query that was asked: %s', async (_case, body, message) => {
    replyWith(200, body);
    const error = await failureOf(source().fetch(value, never));
    expect(error).toMatchObject({ reason: 'malformed', retry: false, message: expect.stringMatching(message) });
    expect(error.message).toContain(`Prometheus at ${double.address} `);
    expect(error.message).toContain('sum(m)');
  });

  it.each([
    [1_000_000, { maxBytes: 1_000_000 }],
    [33_554_432, {}],
  ])('that is longer than the limit of %d bytes is not read to its end', async (limit, options) => {
    let ended = false;
    double.reply = (_received, response) => {
      response.on('close', () => (ended = response.writableFinished));
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
        response.once('drain', write);
      };
      write();
    };
    const error = await failureOf(source(options).fetch(value, never));
    expect(error).toMatchObject({ reason: 'too-large', message: expect.stringContaining(`more than ${limit} bytes`) });
    expect(ended).toBe(false);
  });
});

describe('a caller that reads no more than it says', () => {
  it('gets no longer answer', async () => {
    replyData({ resultType: 'vector', result: [] });
    await source().fetch(value, never, 100);
    expect(await failureOf(source().fetch(value, never, 20))).toMatchObject({
      reason: 'too-large',
      message: expect.stringContaining('more than 20 bytes'),
    });
  });
});

describe('a native histogram among raw samples', () => {
  it('is left out, and the series beside it are there', async () => {
    const counter = { metric: { __name__: 'm', a: 'b' }, values: [[to / 1000, '3']] };
    replyData({
      resultType: 'matrix',
      result: [{ metric: { __name__: 'm' }, histograms: [[to / 1000, {}]] }, counter],
    });
    expect((await source().fetch(samples, never)).series).toEqual([{ labels: counter.metric, points: [[to, 3]] }]);
  });
});

describe('a refusal', () => {
  const bad = JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error at char 3' });
  const slow = JSON.stringify({ status: 'error', errorType: 'timeout', error: 'query timed out' });
  it.each([
    [
      'a wrong query',
      400,
      bad,
      'refused',
      false,
      /answers 400 Bad Request \(parse error at char 3\): correct the query$/,
    ],
    [
      'too many samples',
      422,
      '{"error":"query processing would load too many samples into memory"}',
      'too-large',
      false,
      /422 .*\(query processing would .*\): raise that limit/,
    ],
    [
      'too many series',
      422,
      '{"error":"the query exceeded the maximum number of series (limit: 100000)"}',
      'too-large',
      false,
      /raise that limit/,
    ],
    ['an error of the evaluation', 422, '{"error":"duplicate series"}', 'refused', false, /correct the query$/],
    ['too long a request', 413, '', 'too-large', false, /413 .*raise the limit of what stands before it/],
    ['no credentials', 401, '', 'refused', false, /answers 401 Unauthorized: give Sluice credentials it accepts$/],
    ['other credentials', 403, 'no', 'refused', false, /403 Forbidden \(no\): allow these credentials/],
    [
      'no such path',
      404,
      '404 page not found\n',
      'refused',
      false,
      /\(404 page not found\): check the address, with its path prefix/,
    ],
    ['too many requests', 429, '', 'refused', true, /429/],
    ['a query that took too long', 503, slow, 'timeout', true, /\(query timed out\): make the query cheaper/],
    ['a gateway without Prometheus behind it', 502, 'Bad Gateway', 'unreachable', true, /502/],
    ['a server that starts', 503, 'Service Unavailable', 'unreachable', true, /503/],
    ['a teapot', 418, '', 'malformed', false, /418/],
  ] as const)('for %s: %d', async (...[, status, body, reason, retry, message]) => {
    replyWith(status, body);
    const error = await failureOf(source().fetch(value, never));
    expect(error).toMatchObject({ reason, retry, message: expect.stringMatching(message) });
    expect(error.message).toContain(double.address);
  });

  it('by a redirect is not followed, so that no credentials go elsewhere', async () => {
    replyWith(302, '', { location: 'https://login.example/start' });
    const error = await failureOf(source({ auth: { kind: 'bearer', token: 'secret' } }).fetch(value, never));
    expect(error).toMatchObject({ reason: 'refused', retry: false });
    expect(error.message).toMatch(
      /answers 302 Found to https:\/\/login\.example\/start: give the address it redirects to/,
    );
    expect(double.received).toHaveLength(1);
  });
});

describe('no answer', () => {
  it('because the question was withdrawn is not Prometheus’ fault', async () => {
    const controller = new AbortController();
    double.reply = () => controller.abort();
    expect(await failureOf(source().fetch(value, controller.signal))).toMatchObject({ reason: 'cancelled' });
  });

  it('before the caller’s deadline is a timeout', async () => {
    double.reply = () => undefined;
    const error = await failureOf(source().fetch(value, AbortSignal.timeout(40)));
    expect(error).toMatchObject({ reason: 'timeout', retry: true });
    expect(error.message).toBe(
      `Prometheus at ${double.address} did not answer before the deadline: see whether it is overloaded`,
    );
  });

  it('at the address says why, and never shows its password', async () => {
    const address = double.address.replace('//', '//me:s3cret@');
    await double.close();
    const error = await failureOf(source({ address }).fetch(value, never));
    expect(error).toMatchObject({ reason: 'unreachable', retry: true });
    expect(error.message).toMatch(
      /cannot be reached \(connect ECONNREFUSED .*\): check the address and that the network/,
    );
    expect(error.message).not.toContain('s3cret');
  });

  it('to the end: half an answer is none', async () => {
    double.reply = (_received, response) => {
      response.writeHead(200, { 'content-length': '1000' }).write('{"status":"succ');
      response.destroy();
    };
    expect(await failureOf(source().fetch(value, never))).toMatchObject({ reason: 'unreachable', retry: true });
  });

  it.each(['', 'prometheus:9090', 'ftp://prometheus', '/api'])('from %j, which is no address', async (address) => {
    const error = await failureOf(source({ address }).fetch(value, never));
    expect(error).toMatchObject({
      reason: 'refused',
      retry: false,
      message: expect.stringContaining('is not the address'),
    });
  });
});
