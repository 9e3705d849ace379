import { X509Certificate } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { askOverTls } from '../../test/support/tls.ts';
import { issueServing, makeAuthority, type Credential } from './authority.ts';
import { newPrivateKey } from './key-pair.ts';
import { certificatesIn, due, nextRenewal, renewAt, renewed, trustBundle, type Material } from './material.ts';

const day = 86_400_000;
const now = Date.now();
const names = { dnsNames: ['sluice-webhook.sluice-system.svc', 'sluice-webhook.sluice-system'], ips: ['127.0.0.1'] };
const lifetimes = { authority: 300, serving: 30 };

let keys: { authority: string; serving: string; other: string };
let authority: Credential;
let other: Credential;
let serving: Credential;
const servers: Server[] = [];

const listen = async (credential: Credential): Promise<number> => {
  const server = createServer(credential, (_request, response) => response.end('hello'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  const [a, b, c] = await Promise.all([newPrivateKey(), newPrivateKey(), newPrivateKey()]);
  keys = { authority: a, serving: b, other: c };
  authority = makeAuthority({ key: keys.authority, now, days: 300 });
  other = makeAuthority({ key: keys.other, now, days: 300 });
  serving = issueServing({ ...names, authority, key: keys.serving, now, days: 30 });
}, 60_000);

afterAll(() => servers.forEach((server) => server.close()));

describe('a TLS handshake', () => {
  it.each(['sluice-webhook.sluice-system.svc', 'sluice-webhook.sluice-system', undefined])(
    'succeeds as %s',
    async (host) => {
      const port = await listen(serving);
      const answer = await askOverTls({ port, ca: authority.cert, ...(host === undefined ? {} : { host }) });
      expect(answer).toMatchObject({ status: 200, text: 'hello' });
    },
  );

  it('fails under another name', async () => {
    const port = await listen(serving);
    await expect(askOverTls({ port, ca: authority.cert, host: 'elsewhere.svc' })).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  it('fails for who trusts another authority', async () => {
    const port = await listen(serving);
    await expect(askOverTls({ port, ca: other.cert })).rejects.toMatchObject({
      code: expect.stringMatching(/VERIFY|SELF_SIGNED|ISSUER/),
    });
  });

  it('fails with a certificate signed by a server', async () => {
    const forged = issueServing({
      ...names,
      dnsNames: ['forged.svc'],
      authority: serving,
      key: keys.other,
      now,
      days: 30,
    });
    const port = await listen({ ...forged, cert: forged.cert + serving.cert });
    await expect(askOverTls({ port, ca: authority.cert })).rejects.toMatchObject({
      code: expect.stringMatching(/^(INVALID_CA|UNSPECIFIED)$/),
    });
  });

  it('succeeds for who trusts the old and the new authority, with a certificate of either', async () => {
    const old: Material = { authority, serving };
    const fresh: Material = {
      authority: other,
      previous: authority.cert,
      serving: issueServing({ ...names, authority: other, key: keys.serving, now, days: 30 }),
    };
    const ca = trustBundle(fresh, now);
    for (const material of [old, fresh]) {
      expect(await askOverTls({ port: await listen(material.serving), ca })).toMatchObject({ status: 200 });
    }
  });
});

describe('certificates', () => {
  it('say what they are for', () => {
    const [ca, leaf] = [new X509Certificate(authority.cert), new X509Certificate(serving.cert)];
    expect([ca.ca, leaf.ca]).toEqual([true, false]);
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
    expect(leaf.subjectAltName).toBe(
      'DNS:sluice-webhook.sluice-system.svc, DNS:sluice-webhook.sluice-system, IP Address:127.0.0.1',
    );
    expect(leaf.checkIssued(ca) && leaf.verify(ca.publicKey)).toBe(true);
    expect(ca.subject).not.toBe(new X509Certificate(other.cert).subject);
  });

  it('are the same for the same input, and number themselves apart otherwise', () => {
    expect(makeAuthority({ key: keys.authority, now, days: 300 })).toEqual(authority);
    const later = new X509Certificate(makeAuthority({ key: keys.authority, now: now + 1, days: 300 }).cert);
    expect(later.serialNumber).not.toBe(new X509Certificate(authority.cert).serialNumber);
  });

  it('take a name that is too long to be a common name', () => {
    const long = `${'x'.repeat(60)}.${'y'.repeat(60)}.svc`;
    const { cert } = issueServing({ dnsNames: [long], ips: [], authority, key: keys.serving, now, days: 30 });
    expect(new X509Certificate(cert).checkHost(long)).toBe(long);
  });

  it('are renewed after two thirds of their life', () => {
    const life = 30 * day + 3_600_000;
    expect(Math.abs(renewAt(serving.cert) - (now - 3_600_000 + (life * 2) / 3))).toBeLessThan(1000);
    expect(nextRenewal({ authority, serving })).toBe(renewAt(serving.cert));
  });
});

describe('what is due', () => {
  const material = (): Material => ({ authority, serving });

  it.each<[string, () => Parameters<typeof due>, ReturnType<typeof due>]>([
    ['nothing at first', () => [material(), names, now], 'nothing'],
    ['everything where nothing is', () => [undefined, names, now], 'authority'],
    ['the serving certificate after two thirds', () => [material(), names, now + 21 * day], 'serving'],
    ['both when the authority is two thirds through', () => [material(), names, now + 210 * day], 'authority'],
    [
      'the serving certificate for another name',
      () => [material(), { ...names, dnsNames: ['other.svc'] }, now],
      'serving',
    ],
    [
      'the serving certificate for another address',
      () => [material(), { ...names, ips: ['127.0.0.2'] }, now],
      'serving',
    ],
    ['nothing for fewer names', () => [material(), { dnsNames: [], ips: [] }, now], 'nothing'],
    ['the serving certificate of another authority', () => [{ authority: other, serving }, names, now], 'serving'],
    [
      'the serving certificate with a foreign key',
      () => [{ authority, serving: { ...serving, key: keys.other } }, names, now],
      'serving',
    ],
    [
      'both with a foreign authority key',
      () => [{ authority: { ...authority, key: keys.other }, serving }, names, now],
      'authority',
    ],
    ['both for an authority that is none', () => [{ authority: serving, serving }, names, now], 'authority'],
    ['both for nonsense', () => [{ authority: { cert: 'x', key: 'y' }, serving }, names, now], 'authority'],
    [
      'the serving certificate for a nonsensical one',
      () => [{ authority, serving: { cert: 'x', key: 'y' } }, names, now],
      'serving',
    ],
    ['both when the clock is before all of it', () => [material(), names, now - day], 'authority'],
  ])('%s', (_case, input, part) => expect(due(...input())).toBe(part));

  it('a renewal of the serving certificate keeps the authority', () => {
    const later = now + 21 * day;
    const next = renewed({
      material: material(),
      names,
      now: later,
      lifetimes,
      keys: { authority: '', serving: keys.other },
    });
    expect(next.authority).toBe(authority);
    expect(next.previous).toBeUndefined();
    expect(due(next, names, later)).toBe('nothing');
    expect(trustBundle(next, later)).toBe(trustBundle(material(), now));
  });

  it('a renewal of the authority keeps the old one trusted as long as it is valid', () => {
    const later = now + 210 * day;
    const next = renewed({
      material: material(),
      names,
      now: later,
      lifetimes,
      keys: { authority: keys.other, serving: keys.serving },
    });
    expect(certificatesIn(next.previous)).toEqual(certificatesIn(authority.cert));
    expect(due(next, names, later)).toBe('nothing');
    expect(trustBundle(next, later).match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
    expect(trustBundle(next, now + 301 * day).match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
    const after = renewed({
      material: next,
      names,
      now: now + 301 * day,
      lifetimes,
      keys: { authority: '', serving: keys.serving },
    });
    expect(after.previous).toBeUndefined();
  });
});

describe('a certificate', () => {
  it('can be read whatever its serial number begins with', () => {
    for (let i = 0; i < 300; i += 1) {
      const { cert } = makeAuthority({ key: keys.other, now: now + i, days: 1 });
      expect(new X509Certificate(cert).serialNumber).toMatch(/^4[0-9A-F]{31}$/);
    }
  });
});
