import { BlockList, isIP } from 'node:net';
import { z } from 'zod';

/** An address or a range of addresses: `10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`. */
export const networkSchema = z.string().refine(isNetwork, 'expected an IPv4 or IPv6 address or range, like 10.0.0.0/8 or 2001:db8::/32');

function isNetwork(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/');
  const longest = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  // a zone names an interface of one machine, never a network
  if (longest < 0 || more.length > 0 || address.includes('%')) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= longest);
}

/** Judges whether an address lies in one of these networks; what is no address lies in none. */
export function networksOf(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = familyOf(address);
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => {
    const plain = plainAddress(address);
    return isIP(plain) !== 0 && list.check(plain, familyOf(plain));
  };
}

/** Is somebody where a portal's networks ask them to be? No networks ask nothing; no address is nowhere. */
export function networkAllows(networks: readonly string[], address: string | undefined): boolean {
  return networks.length === 0 || (address !== undefined && networksOf(networks)(address));
}

/** An address as networks are written: an IPv4 address that came in over IPv6 is an IPv4 address, and a zone is left out. */
export function plainAddress(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
