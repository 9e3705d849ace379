import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startPrometheusDouble, type PrometheusDouble } from '../../test/contract/prometheus-double.ts';
import { readAllowedAddress, type AllowedAddress } from '../core/outbound/allowed-address.ts';
import type { SourceRef } from '../core/questions/question.ts';
import type { MetricError, MetricSource } from '../ports/metrics.ts';
import { systemClock as clock } from '../ports/clock.ts';
import { metricSources } from './metric-sources.ts';

const ask = { query: 'up', shape: 'value', at: 60_000 } as const;
const at = (address?: string): SourceRef => ({ kind: 'prometheus', ...(address === undefined ? {} : { address }) });
const never = new AbortController().signal;
const entries = (...texts: readonly string[]): readonly AllowedAddress[] =>
  texts.flatMap((text) => readAllowedAddress(text) ?? []);

let double: PrometheusDouble;
beforeEach(async () => void (double = await startPrometheusDouble()));
afterEach(() => double.close());

const failureOf = async (source: MetricSource | undefined): Promise<MetricError> => {
  const error: unknown = await source?.fetch(ask, never).catch((cause: unknown) => cause);
  return error as MetricError;
};

describe('the source of a policy', () => {
  it('that names none is the one Sluice was started with, wherever that is', async () => {
    const source = metricSources({ own: double.address, addresses: [], clock });
    double.results.set('up', { resultType: 'scalar', result: [60, '1'] });
    expect(await source(at())?.fetch(ask, never)).toMatchObject({ notes: [] });
    expect(source(at(`${double.address}/`))).toBe(source(at()));
    expect(source(at(`${double.address}/other`))).not.toBe(source(at()));
    const withPassword = metricSources({ own: double.address.replace('//', '//me:secret@'), addresses: [], clock });
    expect(withPassword(at(double.address))).toBe(withPassword(at()));
    expect(metricSources({ own: undefined, addresses: [], clock })(at())).toBeUndefined();
  });

  it('that names an address which is allowed is asked there', async () => {
    double.results.set('up', { resultType: 'scalar', result: [60, '1'] });
    const source = metricSources({ own: undefined, addresses: entries(double.address), clock })(at(double.address));
    expect(await source?.fetch(ask, never)).toMatchObject({ series: [{ points: [[60_000, 1]] }] });
  });

  it('that names another one is asked nothing, and the check says why', async () => {
    const source = metricSources({ own: 'http://prometheus', addresses: entries('http://other'), clock })(
      at(double.address),
    );
    const error = await failureOf(source);
    expect(error).toMatchObject({ reason: 'refused', retry: false });
    expect(error.message).toBe(
      `prometheus "${double.address}": is a loopback address, which a policy may not name unless it is allowed exactly as written. Use the address of a Service, such as http://prometheus.monitoring:9090.`,
    );
    expect(double.received).toEqual([]);
  });

  it('is the same for the same address, as long as there are not too many', () => {
    const source = metricSources({ own: undefined, addresses: entries('http://*.example.com'), clock });
    const first = source(at('http://a.example.com'));
    expect(source(at('http://a.example.com'))).toBe(first);
    for (let i = 0; i < 300; i++) source(at(`http://p${i}.example.com`));
    expect(source(at('http://a.example.com'))).not.toBe(first);
  });
});

describe('of an answer that a policy’s address gives', () => {
  const secret = 'hunter2';
  const allowed = (): MetricSource | undefined =>
    metricSources({ own: undefined, addresses: entries(double.address), clock })(at(double.address));

  it.each<[string, number, string, Record<string, string>, RegExp]>([
    ['words of an error', 500, secret, {}, /answers 500: see its log$/],
    ['an error of Prometheus', 422, `{"error":"${secret}"}`, {}, /answers 422: correct the query$/],
    ['where it redirects to', 302, '', { location: `http://${secret}` }, /answers 302: give the address/],
    ['the beginning of a page', 200, secret, {}, /the answer is not JSON: is this a Prometheus\?/],
    ['its status', 200, `{"status":"${secret}"}`, {}, /the status is not "success"/],
    [
      'a value',
      200,
      `{"status":"success","data":{"resultType":"scalar","result":[1,"${secret}"]}}`,
      {},
      /a value is not/,
    ],
    ['a type', 200, `{"status":"success","data":{"resultType":"${secret}","result":[]}}`, {}, /gives something and/],
    [
      'a label',
      200,
      `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"${secret}":1},"value":[1,"1"]}]}}`,
      {},
      /a label is not a text/,
    ],
  ])('%s is not told', async (...[, status, body, headers, message]) => {
    double.reply = (_received, response) => {
      response.statusMessage = secret;
      response.writeHead(status, headers).end(body);
    };
    const error = await failureOf(allowed());
    expect(error.message).toMatch(message);
    expect(`${error.message} ${String(error.cause)}`).not.toContain(secret);
  });

  it('notes are counted', async () => {
    const data = { resultType: 'scalar', result: [1, '1'] };
    double.reply = (_received, response) =>
      response.end(JSON.stringify({ status: 'success', data, warnings: [secret], infos: [secret] }));
    expect(await allowed()?.fetch(ask, never)).toMatchObject({
      notes: ['2 notes, not shown of an address that a policy names'],
    });
  });

  it('that does not come only the kind of failure is told', async () => {
    const source = allowed();
    await double.close();
    expect((await failureOf(source)).message).toBe(
      `Prometheus at ${double.address} cannot be reached (ECONNREFUSED): check the address and that the network lets Sluice reach it`,
    );
  });
});
