import { describe, expect, test } from '@jest/globals';
import { networkAllows, networkSchema, networksOf, plainAddress } from './networks.ts';

describe('a network in a file', () => {
  test.each(['10.0.0.0/8', '192.0.2.7', '0.0.0.0/0', '127.0.0.1/32', '2001:db8::/32', '::1/128', '::1', '::/0', '2001:db8:1:2:3:4:5:6'])('%s is one', (text) => {
    expect(networkSchema.safeParse(text).success).toBe(true);
  });

  test.each(['', '10.0.0.0/33', '10.0.0/8', '10.0.0.0/-1', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.256/8', '2001:db8::/129', 'fe80::1%eth0', '2001:db8:::/32', 'gemnet', '10.0.0.0 /8', '10.0.0.0/0x8', '*'])('"%s" is none', (text) => {
    expect(networkSchema.safeParse(text).error?.issues[0]?.message).toContain('expected an IPv4 or IPv6 address or range');
  });
});

describe('an address', () => {
  const inside = networksOf(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32', '::1/128']);
  test.each(['10.0.0.0', '10.255.255.255', '192.0.2.7', '2001:db8::1', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', '::1', '::ffff:10.1.2.3', '::FFFF:10.1.2.3', '2001:0DB8::1', '2001:db8::1%eth0'])('%s is inside', (address) => {
    expect(inside(address)).toBe(true);
  });

  test.each(['9.255.255.255', '11.0.0.0', '192.0.2.8', '2001:db9::', '::2', '::ffff:11.0.0.1', '', 'unknown', '10.0.0.1:443', '10.0.0.1, 10.0.0.2', '010.0.0.1', '10.1', '::10.0.0.1'])('"%s" is not', (address) => {
    expect(inside(address)).toBe(false);
  });

  test('a portal without networks asks nothing; one with networks lets nobody in whose address is not known', () => {
    expect(networkAllows([], undefined)).toBe(true);
    expect(networkAllows(['0.0.0.0/0', '::/0'], undefined)).toBe(false);
    expect(networkAllows(['0.0.0.0/0'], '198.51.100.1')).toBe(true);
  });

  test('is shown as networks are written', () => {
    expect(['::ffff:10.0.0.1', 'fe80::1%eth0', '::1', '10.0.0.1'].map(plainAddress)).toEqual(['10.0.0.1', 'fe80::1', '::1', '10.0.0.1']);
  });
});
