import { sign } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type Agent, type RequestOptions } from 'node:https';
import forge from 'node-forge';
import type { Credential } from '../../src/certs/authority.ts';
import { inTime } from '../cluster/in-time.ts';

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
  /** What the client shows. */
  readonly client?: Credential;
  /** This machine's loopback address unless set. */
  readonly address?: string;
}): Promise<TlsAnswer> => {
  const { port, ca, host, agent, path = '/', client, address = '127.0.0.1' } = options;
  const settings: RequestOptions = {
    port,
    ca,
    path,
    host: address,
    ...client,
    ...(host === undefined ? {} : { servername: host }),
    ...(agent === undefined ? { agent: false } : { agent }),
  };
  return inTime(`the answer to ${path} on port ${port}`, (signal) => exchange({ ...settings, signal }));
};

const exchange = async (settings: RequestOptions, body?: string): Promise<TlsAnswer> => {
  const outgoing = request(settings);
  const responded = once(outgoing, 'response') as Promise<[IncomingMessage]>;
  outgoing.end(body);
  const [response] = await responded;
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text, keptAlive: response.headers.connection !== 'close' };
};

/** The status that answers a body of JSON from somebody who trusts any server. Rejects when the connection is cut before. */
export const postUnverified = async (options: {
  readonly address: string;
  readonly port: number;
  readonly path: string;
  readonly body: string;
  readonly authorization: string;
}): Promise<number> => {
  const { address, port, path, body, authorization } = options;
  const headers = { 'content-type': 'application/json', authorization };
  const settings = { port, path, headers, host: address, method: 'POST', rejectUnauthorized: false, agent: false };
  const answered = (signal: AbortSignal): Promise<TlsAnswer> => exchange({ ...settings, signal }, body);
  return (await inTime(`the answer to a POST of ${path} on port ${port}`, answered)).status;
};

/** A client's certificate of this name, for a day. */
export const clientCertificate = (authority: Credential, key: string, name: string): Credential =>
  certificate(authority, key, name, [
    { name: 'keyUsage', digitalSignature: true, critical: true },
    { name: 'extKeyUsage', clientAuth: true },
  ]);

/** An authority of this name that comes from another, for a day. */
export const intermediate = (authority: Credential, key: string, name: string): Credential =>
  certificate(authority, key, name, [
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', keyCertSign: true, critical: true },
  ]);

const certificate = (authority: Credential, key: string, name: string, extensions: readonly object[]): Credential => {
  const { n, e } = forge.pki.privateKeyFromPem(key);
  const cert = forge.pki.createCertificate();
  cert.publicKey = forge.pki.setRsaPublicKey(n, e);
  cert.serialNumber = `4${Buffer.from(name).toString('hex').slice(0, 30)}`;
  cert.validity.notBefore = new Date(Date.now() - 3_600_000);
  cert.validity.notAfter = new Date(Date.now() + 86_400_000);
  cert.setSubject([{ name: 'commonName', value: name }]);
  cert.setIssuer(forge.pki.certificateFromPem(authority.cert).subject.attributes);
  cert.setExtensions([...extensions]);
  // Forge's own arithmetic takes seconds on a busy machine.
  const openssl = {
    sign: () =>
      sign('sha256', Buffer.from(forge.asn1.toDer(cert.tbsCertificate).getBytes(), 'latin1'), authority.key).toString(
        'latin1',
      ),
  };
  cert.sign(openssl as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(cert), key };
};
