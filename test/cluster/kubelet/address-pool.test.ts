import { describe, expect, it } from '@jest/globals';
import { AddressPool } from './address-pool.ts';

describe('pod addresses', () => {
  it('are used again as late as possible', () => {
    const pool = new AddressPool('10.244.0.0/16');
    const first = pool.take();
    pool.giveBack(first);
    const later = Array.from({ length: 10_000 }, () => pool.take());
    expect(new Set([first, ...later]).size).toBe(10_001);
  });

  it('stay clear of the node and of client proxies', () => {
    const pool = new AddressPool('10.244.0.0/16');
    const all = Array.from({ length: 249 * 254 }, () => pool.take());
    expect(all.filter((address) => /^10\.244\.(0|25\d)\./.test(address))).toEqual([]);
    expect(() => pool.take()).toThrow('no pod address is free');
    pool.giveBack('10.244.7.7');
    expect(pool.take()).toBe('10.244.7.7');
  });

  it('refuse a network they cannot count in', () => {
    expect(() => new AddressPool('10.244.0.0/24')).toThrow('/16');
    expect(new AddressPool('10.1.0.0/16').claim('10.244.1.1')).toBe(false);
  });
});
