import { expect, it } from '@jest/globals';
import { probePaths } from './probe-paths.ts';

const get = (path: string): { httpGet: { path: string; port: number } } => ({ httpGet: { path, port: 8080 } });

it('R9: the paths of all probes and of the scrape are known, each once, without the root', () =>
  expect(
    probePaths({
      metadata: { annotations: { 'prometheus.io/path': '/stats' } },
      spec: {
        containers: [
          { name: 'app', livenessProbe: get('/healthz'), readinessProbe: get('/ready'), startupProbe: get('/healthz') },
          { name: 'side', readinessProbe: get('/'), livenessProbe: { tcpSocket: { port: 1 } } },
        ],
        initContainers: [{ name: 'early', startupProbe: get('/early') }],
      },
    }),
  ).toEqual(['/healthz', '/ready', '/early', '/stats']));

it.each([
  [{}],
  [{ spec: {} }],
  [{ spec: { containers: 'none' } }],
  [{ spec: { containers: [null, 'x', { livenessProbe: [] }] } }],
])('a template without probes has none: %j', (template) => expect(probePaths(template)).toEqual([]));
