/** Inspects a certificate that somebody else put into a Secret. Pure. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { toRfc3339, type Instant } from '../values/time.ts';
import type { Credential, ServingNames } from './authority.ts';
import { certificatesIn } from './material.ts';

/** Values of a Secret of type kubernetes.io/tls, by key. */
export type SuppliedFiles = { readonly [file: string]: string };

export type Supplied = {
  readonly credential: Credential;
  /** PEM of `ca.crt`, if present. */
  readonly authority: string | undefined;
  readonly expires: Instant;
};

export type Inspection =
  | { readonly ok: true; readonly supplied: Supplied }
  /** `again`: when it may become good without a change. */
  | { readonly ok: false; readonly problems: readonly string[]; readonly again?: Instant };

/** Checks whether the API server would accept the certificate for these names now. */
export const inspect = (files: SuppliedFiles, names: ServingNames, now: Instant): Inspection => {
  const { 'tls.crt': cert = '', 'tls.key': key = '', 'ca.crt': authority } = files;
  const [leaf, ...chain] = parsedAll(cert);
  if (leaf === undefined) return { ok: false, problems: [missing('tls.crt', cert, 'a certificate in PEM')] };
  const [from, to] = [leaf.validFromDate.getTime(), leaf.validToDate.getTime()];
  const problems = [
    ...keyProblems(leaf, key),
    ...nameProblems(leaf, names),
    ...(now < from ? [`tls.crt is not valid before ${toRfc3339(from)}`] : []),
    ...(now >= to ? [`tls.crt expired on ${toRfc3339(to)}`] : []),
    ...authorityProblems(leaf, chain, authority),
  ];
  if (problems.length === 0) return { ok: true, supplied: { credential: { cert, key }, authority, expires: to } };
  return { ok: false, problems, ...(now < from ? { again: from } : {}) };
};

/** Whether a certificate (PEM, with its chain) comes from one of these authorities (PEM). */
export const comesFrom = (cert: string, authorities: string): boolean => {
  const [leaf, ...chain] = parsedAll(cert);
  return leaf !== undefined && reaches(leaf, chain, parsedAll(authorities));
};

const keyProblems = (leaf: X509Certificate, key: string): readonly string[] => {
  try {
    return leaf.checkPrivateKey(createPrivateKey(key)) ? [] : ['tls.key is not the key of tls.crt'];
  } catch {
    return [missing('tls.key', key, 'a private key in PEM without a passphrase')];
  }
};

const nameProblems = (leaf: X509Certificate, { dnsNames, ips }: ServingNames): readonly string[] =>
  [
    ...dnsNames.filter((name) => leaf.checkHost(name) === undefined),
    ...ips.filter((ip) => isIP(ip) === 0 || leaf.checkIP(ip) === undefined),
  ].map((name) => `tls.crt is not for ${name} but for ${leaf.subjectAltName ?? 'no name at all'}`);

const authorityProblems = (
  leaf: X509Certificate,
  chain: readonly X509Certificate[],
  authority: string | undefined,
): readonly string[] => {
  if (authority === undefined || authority === '') return [];
  const authorities = parsedAll(authority);
  if (authorities.length === 0) return [missing('ca.crt', authority, 'certificates in PEM')];
  return reaches(leaf, chain, authorities) ? [] : ['tls.crt does not come from an authority in ca.crt'];
};

const reaches = (
  cert: X509Certificate,
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean => {
  if (authorities.some((root) => root.fingerprint256 === cert.fingerprint256 || issued(root, cert))) return true;
  return chain.some((next, i) => issued(next, cert) && reaches(next, chain.toSpliced(i, 1), authorities));
};

const issued = (issuer: X509Certificate, cert: X509Certificate): boolean =>
  cert.checkIssued(issuer) && cert.verify(issuer.publicKey);

const missing = (file: string, text: string, what: string): string =>
  text === '' ? `${file} is missing` : `${file} is not ${what}`;

const parsedAll = (pem: string): readonly X509Certificate[] =>
  certificatesIn(pem).flatMap((one) => {
    try {
      return [new X509Certificate(one)];
    } catch {
      return [];
    }
  });
