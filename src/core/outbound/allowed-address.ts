/**
 * The operator's list of addresses that policies may name. An entry is a scheme and a host, with a port unless it is the
 * scheme's default, and with a path unless every path is allowed: `http://prometheus.monitoring:9090`,
 * `https://*.example.com`, `https://metrics.example.com/tenants/shop`. `*.` stands for one label.
 */
import { patterns } from '../../schema/patterns.ts';
import { offLimits } from './off-limits.ts';

export type AllowedAddress = {
  /** The entry as shown to people, without a password. */
  readonly text: string;
  readonly scheme: string;
  /** Without the leading `*.` of an `anyLabel` entry. */
  readonly host: string;
  /** Empty means the scheme's default port. */
  readonly port: string;
  /** Without a trailing slash. Empty means the root. */
  readonly path: string;
  /** Whether exactly one more label, of any name, precedes `host`. */
  readonly anyLabel: boolean;
  /** Whether paths below `path` are allowed too. */
  readonly below: boolean;
};

/** The parts of an address that are compared, normalised as in a URL: 2130706433 and 0x7f.1 are 127.0.0.1. */
export type AddressParts = Pick<AllowedAddress, 'scheme' | 'host' | 'port' | 'path'>;

const pattern = new RegExp(patterns.address.pattern);

/** The parts of an address as a person wrote it; undefined for a text that is not an HTTP address. */
export const addressParts = (text: string): AddressParts | undefined => {
  const url = pattern.test(text) ? URL.parse(text) : null;
  if (url === null) return undefined;
  return {
    scheme: url.protocol,
    // A trailing dot only marks the name as fully qualified.
    host: url.hostname.replace(/\.$/, ''),
    port: url.port,
    path: url.pathname.replace(/\/+$/, ''),
  };
};

/** The IP address, if the host is one; undefined for a name. */
export const ipOf = (host: string): string | undefined => {
  if (host.startsWith('[')) return host.slice(1, -1);
  return /^[0-9]+(\.[0-9]+){3}$/.test(host) ? host : undefined;
};

const isLoopbackName = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

/** Whether an entry explicitly names a loopback address or localhost. */
export const namesLoopback = ({ host, anyLabel }: AllowedAddress): boolean => {
  const ip = ipOf(host);
  return !anyLabel && (ip === undefined ? isLoopbackName(host) : offLimits(ip) === 'loopback');
};

/** An address that no policy can ever reach is rejected as an entry, so that the operator notices. */
const isOutOfReach = (host: string, anyLabel: boolean): boolean => {
  const ip = ipOf(host);
  if (ip === undefined) return false;
  const why = offLimits(ip);
  return anyLabel || (why !== undefined && why !== 'loopback');
};

/** Parses an entry of the list; undefined for an invalid text. */
export const readAllowedAddress = (text: string): AllowedAddress | undefined => {
  const [, before = '', anyLabel = ''] = /^(https?:\/\/)(\*\.)?/.exec(text) ?? [];
  const parts = addressParts(before + text.slice(before.length + anyLabel.length));
  if (parts === undefined || !isPlain(parts.path) || isOutOfReach(parts.host, anyLabel !== '')) return undefined;
  return { ...parts, text, anyLabel: anyLabel !== '', below: true };
};

/** The address that Sluice was started with, as an entry: policies may always name it, but no path below it. */
export const startedWith = (address: string): AllowedAddress | undefined => {
  const url = URL.parse(address);
  if (url === null) return undefined;
  const text = `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
  const parts = addressParts(text);
  return parts === undefined ? undefined : { ...parts, text, anyLabel: false, below: false };
};

const fitsHost = ({ host, anyLabel }: AllowedAddress, given: string): boolean => {
  if (!anyLabel) return given === host;
  const [label = '', ...rest] = given.split('.');
  return label !== '' && rest.join('.') === host;
};

/**
 * A server that decodes a path twice, or drops what follows a semicolon, may see a path outside the allowed one where
 * Sluice sees a path below it.
 */
const isPlain = (path: string): boolean => !/[%;]/.test(path);

const fitsPath = ({ path, below }: AllowedAddress, given: string): boolean => {
  if (given === path || (below && path === '')) return true;
  return below && given.startsWith(`${path}/`) && isPlain(given);
};

/** Whether the entry allows this address. */
export const allows = (entry: AllowedAddress, given: AddressParts): boolean =>
  entry.scheme === given.scheme &&
  entry.port === given.port &&
  fitsHost(entry, given.host) &&
  fitsPath(entry, given.path);
