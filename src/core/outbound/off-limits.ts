/**
 * IP addresses that Sluice never connects to on behalf of a policy, whether the policy names the address or a host that
 * resolves to it.
 */

/** `malformed` means: not an IP address. */
export type OffLimits = 'loopback' | 'link-local' | 'unspecified' | 'multicast' | 'reserved' | 'metadata' | 'malformed';

/** Completes "is …". */
export const offLimitsWords: Readonly<Record<OffLimits, string>> = {
  loopback: 'a loopback address',
  'link-local': 'a link-local address',
  unspecified: 'an unspecified address',
  multicast: 'a multicast address',
  reserved: 'a reserved address',
  metadata: 'the metadata address of a cloud',
  malformed: 'no IP address',
};

type Bytes = readonly number[];
type Range = { readonly base: Bytes; readonly bits: number };

const v4Bytes = (text: string): Bytes | undefined => {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  return parts?.every((part) => part <= 255) === true ? parts : undefined;
};

/** Parses the notation of URLs: hexadecimal groups, with one run of zeros left out. */
const v6Bytes = (text: string): Bytes | undefined => {
  const normal = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  if (normal === undefined) return undefined;
  const [left = [], right = []] = normal.split('::').map((half) => half.split(':').filter((group) => group !== ''));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  const groups = [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
  return groups.flatMap((group) => [group >> 8, group & 255]);
};

/** The zone (`fe80::1%eth0`) only selects a network interface and is ignored. */
const bytesOf = (ip: string): Bytes | undefined => {
  const [bare = ''] = ip.split('%', 1);
  return bare.includes(':') ? v6Bytes(bare) : v4Bytes(bare);
};

const within = (bytes: Bytes, { base, bits }: Range): boolean =>
  bytes.length === base.length &&
  base.every((byte, i) => {
    const spare = Math.min(8, Math.max(0, 8 * (i + 1) - bits));
    return (byte ^ (bytes[i] ?? 0)) >> spare === 0;
  });

const range = (cidr: string): Range => {
  const [ip = '', bits = ''] = cidr.split('/');
  return { base: bytesOf(ip) ?? [], bits: Number(bits) };
};

const ranges: readonly (readonly [OffLimits, Range])[] = [
  ['unspecified', range('0.0.0.0/8')],
  ['unspecified', range('::/128')],
  ['loopback', range('127.0.0.0/8')],
  ['loopback', range('::1/128')],
  ['link-local', range('169.254.0.0/16')],
  ['link-local', range('fe80::/10')],
  ['multicast', range('224.0.0.0/4')],
  ['multicast', range('ff00::/8')],
  ['reserved', range('240.0.0.0/4')],
  // Metadata addresses that are not link-local: Alibaba, Azure, Oracle, and AWS and Google over IPv6.
  ['metadata', range('100.100.100.200/32')],
  ['metadata', range('168.63.129.16/32')],
  ['metadata', range('192.0.0.192/32')],
  ['metadata', range('fd00:ec2::254/128')],
  ['metadata', range('fd20:ce::254/128')],
];

/** IPv6 ranges that embed an IPv4 address, with its byte offset: mapped, translated, NAT64, compatible, 6to4. */
const carriers: readonly (readonly [Range, number])[] = [
  [range('::ffff:0:0/96'), 12],
  [range('::ffff:0:0:0/96'), 12],
  [range('64:ff9b::/96'), 12],
  [range('64:ff9b:1::/48'), 12],
  [range('::/96'), 12],
  [range('2002::/16'), 2],
];

const classOf = (bytes: Bytes): OffLimits | undefined => {
  const own = ranges.find(([, one]) => within(bytes, one))?.[0];
  if (own !== undefined) return own;
  const at = carriers.find(([carrier]) => within(bytes, carrier))?.[1];
  return at === undefined ? undefined : classOf(bytes.slice(at, at + 4));
};

/** Why an IP address is off limits; undefined when it may be reached. A text that is not an IP address is off limits. */
export const offLimits = (ip: string): OffLimits | undefined => {
  const bytes = bytesOf(ip);
  return bytes === undefined ? 'malformed' : classOf(bytes);
};
