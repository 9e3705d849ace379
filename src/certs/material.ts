/** The webhook's TLS material, and when each part of it must be renewed. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Instant, Milliseconds } from '../values/time.ts';
import { issueServing, makeAuthority, type Credential, type ServingNames } from './authority.ts';

export type Material = {
  readonly authority: Credential;
  /**
   * PEM of previous authorities, newest first. Trusted while valid, because replicas may still serve their
   * certificates.
   */
  readonly previous?: string;
  readonly serving: Credential;
};

/** Lifetimes in days. Each part is renewed after two thirds of its lifetime. */
export type Lifetimes = {
  readonly authority: number;
  readonly serving: number;
  /** See `AuthorityRequest`. */
  readonly backdated?: Milliseconds;
};

export const defaultLifetimes: Lifetimes = { authority: 3650, serving: 90 };

/** When a certificate (PEM) should be replaced: after two thirds of its lifetime. */
export const renewAt = (cert: string): Instant => {
  const { validFromDate, validToDate } = new X509Certificate(cert);
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  return from + ((to - from) * 2) / 3;
};

/** What must be renewed now. `authority` includes the serving certificate. */
export const due = (
  material: Material | undefined,
  names: ServingNames,
  now: Instant,
): 'nothing' | 'serving' | 'authority' => {
  if (material === undefined || !isGoodAuthority(material.authority, now)) return 'authority';
  return isGoodServing(material, names, now) ? 'nothing' : 'serving';
};

export type Renewal = {
  readonly material: Material | undefined;
  readonly names: ServingNames;
  readonly now: Instant;
  readonly lifetimes: Lifetimes;
  /** PEM of new private keys. The authority's is used only if the authority is due. */
  readonly keys: { readonly authority: string; readonly serving: string };
};

/** The material with everything due renewed. A replaced authority stays trusted. */
export const renewed = ({ material, names, now, lifetimes, keys }: Renewal): Material => {
  const old = due(material, names, now) === 'authority' ? undefined : material;
  const { backdated } = lifetimes;
  const validity = { now, ...(backdated === undefined ? {} : { backdated }) };
  const authority = old?.authority ?? makeAuthority({ key: keys.authority, days: lifetimes.authority, ...validity });
  const before = old === undefined && material !== undefined ? [material.authority.cert] : [];
  const serving = issueServing({ ...names, authority, key: keys.serving, days: lifetimes.serving, ...validity });
  return withPrevious({ authority, serving }, [...before, ...certificatesIn(material?.previous)], now);
};

/** The material, which now also trusts this authority, because a replica serves with a certificate from it. */
export const trusting = (material: Material, authority: string, now: Instant): Material =>
  withPrevious(material, [authority, ...certificatesIn(material.previous)], now);

/** Whether the material trusts this authority (PEM). True for an invalid authority, which needs no trust. */
export const trusts = (material: Material, authority: string, now: Instant): boolean =>
  !isValid(authority, now) || trusted(material, now).includes(normal(authority));

/** PEM of all authorities an API server has to trust, newest first. */
export const trustBundle = (material: Material, now: Instant): string => trusted(material, now).join('');

const trusted = ({ authority, previous }: Material, now: Instant): readonly string[] => [
  normal(authority.cert),
  ...certificatesIn(previous).filter((pem) => isValid(pem, now)),
];

/** Bounds the list in case somebody keeps deleting the authority. */
const mostPrevious = 8;

const withPrevious = ({ authority, serving }: Material, previous: readonly string[], now: Instant): Material => {
  const kept = new Set(previous.filter((pem) => isValid(pem, now)).map(normal));
  kept.delete(normal(authority.cert));
  const text = [...kept].slice(0, mostPrevious).join('');
  return { authority, serving, ...(text === '' ? {} : { previous: text }) };
};

const normal = (pem: string): string => `${pem.replaceAll('\r', '').trim()}\n`;

/** Each certificate of a PEM text of several. */
export const certificatesIn = (pem = ''): readonly string[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(normal);

/** When the next part is due. */
export const nextRenewal = ({ authority, serving }: Material): Instant =>
  Math.min(renewAt(authority.cert), renewAt(serving.cert));

const parsed = (pem: string): X509Certificate | undefined => {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
};

const isValid = (pem: string, now: Instant): boolean => {
  const cert = parsed(pem);
  return cert !== undefined && cert.validFromDate.getTime() <= now && now < cert.validToDate.getTime();
};

const fits = (cert: X509Certificate, key: string): boolean => {
  try {
    return cert.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
};

const isFresh = ({ cert, key }: Credential, now: Instant): X509Certificate | undefined => {
  const x509 = parsed(cert);
  return x509 !== undefined && isValid(cert, now) && now < renewAt(cert) && fits(x509, key) ? x509 : undefined;
};

const isGoodAuthority = (authority: Credential, now: Instant): boolean => isFresh(authority, now)?.ca === true;

const isGoodServing = ({ authority, serving }: Material, { dnsNames, ips }: ServingNames, now: Instant): boolean => {
  const cert = isFresh(serving, now);
  const issuer = parsed(authority.cert);
  if (cert === undefined || issuer === undefined) return false;
  const named = dnsNames.every((name) => cert.checkHost(name) !== undefined) && ips.every((ip) => hasAddress(cert, ip));
  return named && cert.checkIssued(issuer) && cert.verify(issuer.publicKey);
};

const hasAddress = (cert: X509Certificate, ip: string): boolean => isIP(ip) !== 0 && cert.checkIP(ip) !== undefined;
