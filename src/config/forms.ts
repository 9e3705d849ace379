/** Value formats of settings: how to parse and how to describe them. */
import { readAllowedAddress, type AllowedAddress } from '../core/outbound/allowed-address.ts';

export type Form<T> = {
  /** Stands for the value in `--help`. */
  readonly placeholder: string;
  /** What is allowed, completing "must be". */
  readonly allowed: string;
  readonly example: string;
  /** The value, or undefined if the text is invalid. */
  readonly read: (text: string) => T | undefined;
};

/** Namespace and name of an object. */
export type NamespacedName = { readonly namespace: string; readonly name: string };

/** Any non-empty text. */
export const text = (placeholder: string, allowed: string, example: string): Form<string> => ({
  placeholder,
  allowed,
  example,
  read: (given) => (given === '' ? undefined : given),
});

export const wholeNumber = (min: number, max: number): Form<number> => ({
  placeholder: 'N',
  allowed: `a whole number from ${min} to ${max}`,
  example: String(min),
  read: (given) => {
    const value = /^[0-9]{1,9}$/.test(given) ? Number(given) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  },
});

export const port: Form<number> = { ...wholeNumber(0, 65_535), placeholder: 'PORT', example: '9090' };

export const choice = <const T extends string>(values: readonly T[]): Form<T> => ({
  placeholder: values.length > 3 ? 'WORD' : values.join('|'),
  allowed: `one of ${values.join(', ')}`,
  example: values[0] ?? '',
  read: (given) => values.find((value) => value === given),
});

const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const subdomain = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

export const namespace: Form<string> = {
  placeholder: 'NAMESPACE',
  allowed: "a namespace's name: lower case letters, digits and -, at most 63",
  example: 'shop',
  read: (given) => (label.test(given) ? given : undefined),
};

export const namespacedName = (example: string): Form<NamespacedName> => ({
  placeholder: 'NAMESPACE/NAME',
  allowed: 'a namespace and a name with a / between',
  example,
  read: (given) => {
    const [space = '', name = '', ...more] = given.split('/');
    return more.length === 0 && label.test(space) && subdomain.test(name) ? { namespace: space, name } : undefined;
  },
});

export const url = (example: string): Form<string> => ({
  placeholder: 'URL',
  allowed: 'an http or https address without query',
  example,
  read: (given) => {
    const parsed = URL.parse(given);
    const fits = parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.search === '' && parsed.hash === '';
    return fits ? given.replace(/\/+$/, '') : undefined;
  },
});

/** An IP address or a host name, without a port. */
export const host: Form<string> = {
  placeholder: 'HOST',
  allowed: 'an IP address or a host name, without a port',
  example: '127.0.0.1',
  read: (given) => {
    const bare = given.includes(':') ? `[${given}]` : given;
    return given !== '' && URL.parse(`http://${bare}/`)?.host === bare ? given : undefined;
  },
};

/** Comma-separated texts. */
export const list = (placeholder: string, allowed: string, example: string): Form<readonly string[]> => ({
  placeholder,
  allowed,
  example,
  read: (given) => {
    const words = given.split(',').map((word) => word.trim());
    return words.includes('') ? undefined : words;
  },
});

/** Addresses that policies may name; see docs/adr/0015. */
export const allowedAddresses: Form<readonly AllowedAddress[]> = {
  placeholder: 'ADDRESSES',
  allowed:
    'addresses with commas between, each http:// or https:// with a host (with *. in front of it for any one label) and, where wanted, a port and a path; none that is link-local, unspecified or of the metadata of a cloud',
  example: 'http://prometheus.monitoring:9090,https://*.example.com',
  read: (given) => {
    const read = given.split(',').map((text) => readAllowedAddress(text.trim()));
    const entries = read.filter((entry) => entry !== undefined);
    return entries.length === read.length ? entries : undefined;
  },
};
