/**
 * The operator's list of addresses that policies may name. An entry is scheme and host, with a port where it is not the
 * scheme's own, and a path where not all of them are meant: `http://prometheus.monitoring:9090`, `https://*.example.com`,
 * `https://metrics.example.com/tenants/shop`. `*.` stands for one label.
 */
import { patterns } from '../../schema/patterns.ts';
import { offLimits } from './off-limits.ts';

export type AllowedAddress = {
  /** For people. Without a password. */
  readonly text: string;
  readonly scheme: string;
  /** With `*.` before it where `anyLabel`. */
  readonly host: string;
  /** Empty: the scheme's own. */
  readonly port: string;
  /** Without a slash at its end. Empty: the root. */
  readonly path: string;
  /** Whether `host` has one more label in front of it, whichever it is. */
  readonly anyLabel: boolean;
  /** Whether what is below `path` is allowed too. */
  readonly below: boolean;
};

/** What of an address is compared: as a URL normalises it, so that 2130706433 and 0x7f.1 are 127.0.0.1. */
export type AddressParts = Pick<AllowedAddress, 'scheme' | 'host' | 'port' | 'path'>;

const pattern = new RegExp(patterns.address.pattern);

/** The parts of an address that a person wrote; undefined for what nobody can ask. */
export const addressParts = (text: string): AddressParts | undefined => {
  const url = pattern.test(text) ? URL.parse(text) : null;
  if (url === null) return undefined;
  return {
    scheme: url.protocol,
    // A dot at its end only says that the name is complete.
    host: url.hostname.replace(/\.$/, ''),
    port: url.port,
    path: url.pathname.replace(/\/+$/, ''),
  };
};

/** The IP address that a host is; undefined for a name. */
export const ipOf = (host: string): string | undefined => {
  if (host.startsWith('[')) return host.slice(1, -1);
  return /^[0-9]+(\.[0-9]+){3}$/.test(host) ? host : undefined;
};

const isLoopbackName = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

/** Whether an entry names this very machine, in so many words. */
export const namesLoopback = ({ host, anyLabel }: AllowedAddress): boolean => {
  const ip = ipOf(host);
  return !anyLabel && (ip === undefined ? isLoopbackName(host) : offLimits(ip) === 'loopback');
};

/** What cannot be reached by a policy at all is no entry: whoever writes it should know. */
const isOutOfReach = (host: string, anyLabel: boolean): boolean => {
  const ip = ipOf(host);
  if (ip === undefined) return false;
  const why = offLimits(ip);
  return anyLabel || (why !== undefined && why !== 'loopback');
};

/** An entry of the list; undefined for a text that is none. */
export const readAllowedAddress = (text: string): AllowedAddress | undefined => {
  const [, before = '', anyLabel = ''] = /^(https?:\/\/)(\*\.)?/.exec(text) ?? [];
  const parts = addressParts(before + text.slice(before.length + anyLabel.length));
  if (parts === undefined || !isPlain(parts.path) || isOutOfReach(parts.host, anyLabel !== '')) return undefined;
  return { ...parts, text, anyLabel: anyLabel !== '', below: true };
};

/** The address that Sluice itself was started with, as an entry: what policies may name without being told, and nothing below it. */
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

/** What is below a path to us may be beside it to a server that decodes a second time, or drops what follows a semicolon. */
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
