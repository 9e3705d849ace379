import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createMetrics } from './metrics.ts';
import { startMetricsServer, type MetricsServer, type MetricsServerOptions } from './metrics-server.ts';

const started: MetricsServer[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.close()));
});

const start = async (options: Partial<MetricsServerOptions> = {}): Promise<MetricsServer> => {
  const server = await startMetricsServer({
    port: 0,
    host: '127.0.0.1',
    metrics: createMetrics({ processMetrics: false }),
    ready: () => true,
    ...options,
  });
  started.push(server);
  return server;
};

const ask = async (server: MetricsServer, path: string, method = 'GET'): Promise<[number, string]> => {
  const response = await fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  return [response.status, await response.text()];
};

describe('metrics server', () => {
  it.each<[string, string, [number, string]]>([
    ['GET', '/healthz', [200, 'ok\n']],
    ['GET', '/readyz', [200, 'ok\n']],
    ['GET', '/readyz?verbose', [200, 'ok\n']],
    ['HEAD', '/healthz', [200, '']],
    ['GET', '/', [404, 'there is /metrics, /healthz and /readyz\n']],
    ['POST', '/metrics', [405, 'GET only\n']],
  ])('%s %s', async (method, path, expected) => {
    expect(await ask(await start(), path, method)).toEqual(expected);
  });

  it('shows the metrics', async () => {
    const [code, text] = await ask(await start(), '/metrics');
    expect(code).toBe(200);
    expect(text).toContain('# TYPE sluice_queue_depth gauge');
  });

  it('tells why it is not ready, each time anew', async () => {
    let answer: true | string = 'Services are not listed yet';
    const server = await start({ ready: () => answer });
    expect(await ask(server, '/readyz')).toEqual([503, 'Services are not listed yet\n']);
    answer = true;
    expect(await ask(server, '/readyz')).toEqual([200, 'ok\n']);
  });

  it('answers 500 when the metrics cannot be told, and goes on', async () => {
    const server = await start({ metrics: { expose: () => Promise.reject(new Error('no numbers')) } });
    expect(await ask(server, '/metrics')).toEqual([500, 'Error: no numbers\n']);
    expect(await ask(server, '/healthz')).toEqual([200, 'ok\n']);
  });

  it('rejects when the port is taken', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toThrow('EADDRINUSE');
  });

  it('closes although somebody has connected and asks nothing', async () => {
    const server = await start();
    const mute = connect(server.port, '127.0.0.1').on('error', () => undefined);
    await once(mute, 'connect');
    await ask(server, '/healthz');
    await started.pop()?.close();
    mute.destroy();
  });
});
