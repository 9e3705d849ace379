import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApiClient } from './api-client.ts';
import type { ApiClient } from './api-client.ts';

let server: Server;
let api: ApiClient;

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      if (request.url === '/refused') response.writeHead(409).end('{"reason":"Conflict","message":"other uid"}');
      else if (request.url === '/stream') response.end('{"a":1}\n{"b"\n');
      else response.end(JSON.stringify({ method: request.method, body, agent: request.headers['user-agent'] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  api = createApiClient({ server: new URL(`http://127.0.0.1:${port}`) }, 'kubelet-test');
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

it.each(['POST', 'PATCH', 'DELETE'])(
  'the body of a %s arrives, and the connection can be used again',
  async (method) => {
    const body = { text: 'größer' };
    for (let turn = 0; turn < 2; turn++) {
      expect(await api.request({ method, path: '/', body })).toEqual({
        method,
        body: JSON.stringify(body),
        agent: 'kubelet-test',
      });
    }
  },
);

it('a refusal carries the server’s status, reason and words', async () => {
  await expect(api.request({ path: '/refused' })).rejects.toMatchObject({
    status: 409,
    reason: 'Conflict',
    message: 'GET /refused: 409 other uid',
  });
});

it('no answer is status 0', async () => {
  const nobody = createApiClient({ server: new URL('http://127.0.0.1:1') }, 'kubelet-test');
  await expect(nobody.request({ path: '/' })).rejects.toMatchObject({ status: 0, reason: 'Unreachable' });
});

it('a stream comes line by line', async () => {
  const lines: string[] = [];
  await api.stream('/stream', (line) => lines.push(line), new AbortController().signal);
  expect(lines).toEqual(['{"a":1}', '{"b"']);
});
