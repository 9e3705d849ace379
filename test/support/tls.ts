import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type Agent, type RequestOptions } from 'node:https';

export type TlsAnswer = {
  readonly status: number;
  readonly text: string;
  /** Whether the server will take another question on this connection. */
  readonly keptAlive: boolean;
};

/** A request over TLS to this machine as `host`, trusting these authorities (PEM) alone. Rejects with what the handshake rejects with. */
export const askOverTls = async (options: {
  readonly port: number;
  readonly ca: string;
  readonly host?: string;
  readonly agent?: Agent;
  readonly path?: string;
}): Promise<TlsAnswer> => {
  const { port, ca, host, agent, path = '/' } = options;
  const settings: RequestOptions = {
    port,
    ca,
    path,
    host: '127.0.0.1',
    ...(host === undefined ? {} : { servername: host }),
    ...(agent === undefined ? { agent: false } : { agent }),
  };
  const outgoing = request(settings);
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text, keptAlive: response.headers.connection !== 'close' };
};
