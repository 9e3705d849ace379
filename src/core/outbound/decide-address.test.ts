import { describe, expect, it } from '@jest/globals';
import { readAllowedAddress, startedWith, type AllowedAddress } from './allowed-address.ts';
import { decideAddress, reachRefusal } from './decide-address.ts';

const listOf = (...texts: readonly string[]): readonly AllowedAddress[] =>
  texts.map((text) => {
    const entry = readAllowedAddress(text);
    if (entry === undefined) throw new Error(`${text} is no entry`);
    return entry;
  });

describe('an entry of the list', () => {
  it.each([
    'http://prometheus',
    'http://prometheus.monitoring:9090',
    'https://*.example.com',
    'https://*.example.com:8443/api',
    'http://10.1.2.3:9090',
    'http://[2001:db8::1]:9090/a/b/',
    'http://localhost:9090',
    'http://127.0.0.1:9090',
    'http://[::1]:9090',
  ])('%s', (text) => expect(readAllowedAddress(text)).toBeDefined());

  it.each([
    ['empty', ''],
    ['without a scheme', 'prometheus:9090'],
    ['of another scheme', 'ftp://prometheus'],
    ['of everything', 'http://*'],
    ['with an asterisk inside', 'http://a.*.example.com'],
    ['with two asterisks', 'http://*.*.example.com'],
    ['with a part of a label', 'http://prom-*.example.com'],
    ['with an asterisk for the port', 'http://a:*'],
    ['with an asterisk before an IP address', 'http://*.10.0.0.1'],
    ['with an asterisk before an IPv6 address', 'http://*.[2001:db8::1]'],
    ['with a password', 'http://me:secret@prometheus'],
    ['with a query', 'http://prometheus?x=1'],
    ['with a fragment', 'http://prometheus/#x'],
    ['with an encoded path', 'http://prometheus/%61'],
    ['with a port beyond the last', 'http://prometheus:65536'],
    ['of a link-local address', 'http://169.254.169.254'],
    ['of a link-local address in other words', 'http://0xa9.0xfe.0xa9fe'],
    ['of an unspecified address', 'http://0.0.0.0:9090'],
    ['of the metadata of a cloud', 'http://[fd00:ec2::254]'],
    ['of a mapped link-local address', 'http://[::ffff:169.254.169.254]'],
  ])('%s is none', (_case, text) => expect(readAllowedAddress(text)).toBeUndefined());
});

describe('an address', () => {
  it.each([
    ['as it is listed', 'http://prometheus.monitoring:9090', 'http://prometheus.monitoring:9090'],
    ['with a slash at its end', 'http://p:9090', 'http://p:9090/'],
    ['with the complete name', 'http://p.monitoring.svc', 'http://p.monitoring.svc.'],
    ['in capitals', 'http://p.example.com', 'http://P.Example.COM'],
    ['with the port of the scheme', 'http://p', 'http://p:80'],
    ['with any path where none is listed', 'http://p', 'http://p/select/0/prometheus'],
    ['with the path that is listed', 'http://p/a/', 'http://p/a'],
    ['below the path that is listed', 'http://p/a', 'http://p/a/b'],
    ['with one label for the asterisk', 'https://*.example.com', 'https://shop.example.com'],
    ['by a number for an IP address', 'http://10.0.0.1', 'http://167772161'],
    ['in another form of IPv6', 'http://[2001:db8::1]', 'http://[2001:0DB8:0:0::0:1]'],
  ])('%s is allowed', (_case, entry, address) =>
    expect(decideAddress(address, listOf('https://other', entry))).toEqual({ allowed: true, loopback: false }),
  );

  it.each([
    ['of another scheme', 'http://p', 'https://p'],
    ['with another port', 'http://p', 'http://p:9090'],
    ['without the port', 'http://p:9090', 'http://p'],
    ['of another host', 'http://p', 'http://p.evil.example'],
    ['that ends like the host', 'http://example.com', 'http://notexample.com'],
    ['without a label for the asterisk', 'https://*.example.com', 'https://example.com'],
    ['with two labels for the asterisk', 'https://*.example.com', 'https://a.b.example.com'],
    ['that goes on after the asterisk’s host', 'https://*.example.com', 'https://a.example.com.evil.example'],
    ['with another path', 'http://p/a', 'http://p/b'],
    ['with a longer name for the path', 'http://p/a', 'http://p/ab'],
    ['above the path', 'http://p/a/b', 'http://p/a'],
    ['that climbs out of the path', 'http://p/a', 'http://p/a/../b'],
    ['that climbs out of the path in code', 'http://p/a', 'http://p/a/%2e%2e/b'],
    ['with an encoded slash', 'http://p/a', 'http://p/a/..%2fb'],
    ['with a semicolon after the dots', 'http://p/a', 'http://p/a/..;/b'],
    ['with everything', 'https://*.example.com', 'http://x'],
  ])('%s is not', (_case, entry, address) =>
    expect(decideAddress(address, listOf(entry))).toEqual({
      allowed: false,
      rule: `must be an address that the operator of Sluice allows: ${entry}`,
      todo: 'Leave it out, or ask the operator of Sluice to add it to --allowed-addresses (allowedAddresses of the chart).',
    }),
  );

  it('is not where none is listed', () =>
    expect(decideAddress('http://p', [])).toMatchObject({
      allowed: false,
      rule: 'must not be set: the operator of Sluice allows no address',
    }));

  it('is told the first entries of a long list', () => {
    const list = listOf(...Array.from({ length: 30 }, (_, i) => `http://p${i}`));
    expect(decideAddress('http://p', list)).toMatchObject({ rule: expect.stringMatching(/ http:\/\/p9 and 20 more$/) });
  });

  it.each(['', 'x', 'http://h:abc', 'http://[::1', 'http://[1:2]', 'http://256.1.1.1', 'http://h:99999'])(
    '%s is none that can be asked',
    (address) =>
      expect(decideAddress(address, listOf('http://p'))).toEqual({
        allowed: false,
        rule: 'is not an HTTP address',
        todo: 'Write http://prometheus.monitoring:9090, for example.',
      }),
  );
});

describe('C2: an address that is off limits', () => {
  // Every one of them is reachable by an entry of its own text, or by none at all.
  it.each([
    ['http://169.254.169.254/latest/meta-data', 'is a link-local address, which a policy may not name'],
    ['http://2852039166', 'is a link-local address, which a policy may not name'],
    ['http://0251.0376.0251.0376', 'is a link-local address, which a policy may not name'],
    ['http://[::ffff:a9fe:a9fe]', 'is a link-local address, which a policy may not name'],
    ['http://[fe80::1]', 'is a link-local address, which a policy may not name'],
    ['http://0.0.0.0:2379', 'is an unspecified address, which a policy may not name'],
    ['http://0', 'is an unspecified address, which a policy may not name'],
    ['http://[::]', 'is an unspecified address, which a policy may not name'],
    ['http://100.100.100.200', 'is the metadata address of a cloud, which a policy may not name'],
    [
      'http://127.0.0.1:9090',
      'is a loopback address, which a policy may not name unless it is allowed exactly as written',
    ],
    [
      'http://0x7f.1:9090',
      'is a loopback address, which a policy may not name unless it is allowed exactly as written',
    ],
    ['http://[::1]:9090', 'is a loopback address, which a policy may not name unless it is allowed exactly as written'],
  ])('%s', (address, rule) =>
    expect(decideAddress(address, listOf('http://p', 'https://*.example.com'))).toEqual({
      allowed: false,
      rule,
      todo: 'Use the address of a Service, such as http://prometheus.monitoring:9090.',
    }),
  );

  it.each(['http://127.0.0.1:9090', 'http://localhost:9090', 'http://[::1]:9090', 'http://a.localhost:9090'])(
    'but a loopback one that is listed as it stands: %s',
    (address) => expect(decideAddress(address, listOf(address))).toEqual({ allowed: true, loopback: true }),
  );

  it('a name below localhost is no loopback address by an asterisk', () =>
    expect(decideAddress('http://a.localhost', listOf('http://*.localhost'))).toEqual({
      allowed: true,
      loopback: false,
    }));
});

describe('the address Sluice was started with', () => {
  const own = [startedWith('http://me:secret@localhost:9090/prom/') as AllowedAddress];
  it('may be named without its password', () =>
    expect(decideAddress('http://localhost:9090/prom', own)).toEqual({ allowed: true, loopback: true }));
  it('allows nothing below it', () =>
    expect(decideAddress('http://localhost:9090/prom/admin', own)).toMatchObject({ allowed: false }));
  it('is told without its password', () =>
    expect(decideAddress('http://p', own)).toMatchObject({
      rule: expect.stringMatching(/ http:\/\/localhost:9090\/prom$/),
    }));
});

describe('a connection', () => {
  it.each([
    ['10.0.0.1', false, undefined],
    ['127.0.0.1', false, 'a loopback address'],
    ['127.0.0.1', true, undefined],
    ['::ffff:127.0.0.1', true, undefined],
    ['169.254.169.254', true, 'a link-local address'],
    ['nonsense', true, 'no IP address'],
  ])('to %s, with loopback %s: %s', (ip, loopback, expected) => expect(reachRefusal(ip, { loopback })).toBe(expected));
});
