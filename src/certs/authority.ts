/** The webhook's own certificates: an authority that API servers trust, and the serving certificate it signs. */
import { createHash, sign } from 'node:crypto';
import forge from 'node-forge';
import type { Instant, Milliseconds } from '../values/time.ts';

/** PEM of a certificate and of its private key. */
export type Credential = { readonly cert: string; readonly key: string };

/** The names and addresses under which the API server may call the webhook. */
export type ServingNames = { readonly dnsNames: readonly string[]; readonly ips: readonly string[] };

export type AuthorityRequest = {
  /** PEM of an RSA private key. */
  readonly key: string;
  readonly now: Instant;
  readonly days: number;
  /** How far before `now` the validity starts, since other machines' clocks may be behind. */
  readonly backdated?: Milliseconds;
};

export type ServingRequest = AuthorityRequest & ServingNames & { readonly authority: Credential };

const day: Milliseconds = 86_400_000;
/** One hour, or half the lifetime of a certificate that lives less than two hours. */
const usuallyBackdated = (days: number): Milliseconds => Math.min(3_600_000, (days * day) / 2);
/** The longest common name that X.509 allows. */
const maxCommonName = 64;

type Certificate = forge.pki.Certificate;

/** A self-signed authority whose certificates cannot sign others. Deterministic for its input. */
export const makeAuthority = ({ key, ...validity }: AuthorityRequest): Credential => {
  const cert = blank(key, validity);
  // The name is unique because two authorities may be valid at the same time.
  const name = [{ name: 'commonName', value: `sluice webhook ${cert.serialNumber.slice(2, 14)}` }];
  cert.setSubject(name);
  cert.setIssuer(name);
  cert.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    { name: 'subjectKeyIdentifier' },
  ]);
  return signed(cert, key, key);
};

/** A serving certificate for these names, signed by the authority. `key` is the server's own. */
export const issueServing = ({ key, dnsNames, ips, authority, ...validity }: ServingRequest): Credential => {
  const issuer = forge.pki.certificateFromPem(authority.cert);
  const cert = blank(key, validity);
  const common = dnsNames.find((name) => name.length <= maxCommonName) ?? 'sluice webhook';
  cert.setSubject([{ name: 'commonName', value: common }]);
  cert.setIssuer(issuer.subject.attributes);
  cert.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyEncipherment: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectAltName', altNames: [...dnsNames.map(dnsName), ...ips.map(ipAddress)] },
    { name: 'authorityKeyIdentifier', keyIdentifier: issuer.generateSubjectKeyIdentifier().getBytes() },
  ]);
  return signed(cert, authority.key, key);
};

const dnsName = (value: string): { type: number; value: string } => ({ type: 2, value });
const ipAddress = (ip: string): { type: number; ip: string } => ({ type: 7, ip });

type Validity = Pick<AuthorityRequest, 'now' | 'days' | 'backdated'>;

const blank = (key: string, { now, days, backdated = usuallyBackdated(days) }: Validity): Certificate => {
  const cert = forge.pki.createCertificate();
  const { n, e } = forge.pki.privateKeyFromPem(key);
  cert.publicKey = forge.pki.setRsaPublicKey(n, e);
  cert.serialNumber = serialFor(forge.pki.publicKeyToPem(cert.publicKey), now);
  cert.validity.notBefore = new Date(now - backdated);
  cert.validity.notAfter = new Date(now + days * day);
  return cert;
};

/**
 * Unique per key and time, and within X.509's limit of 20 octets. The first digit keeps it positive and free of leading
 * zero octets: forge drops only one of them, and OpenSSL rejects the rest (illegal padding).
 */
const serialFor = (publicKey: string, now: Instant): string =>
  `4${createHash('sha256').update(`${now} ${publicKey}`).digest('hex').slice(0, 31)}`;

/** Forge builds the certificate and OpenSSL signs it: forge's own arithmetic would block the process for seconds. */
const signed = (cert: Certificate, by: string, key: string): Credential => {
  const openssl = {
    sign: () => {
      const tbs = Buffer.from(forge.asn1.toDer(cert.tbsCertificate).getBytes(), 'latin1');
      return sign('sha256', tbs, by).toString('latin1');
    },
  };
  cert.sign(openssl as unknown as forge.pki.rsa.PrivateKey, forge.md.sha256.create());
  return { cert: forge.pki.certificateToPem(cert), key };
};
