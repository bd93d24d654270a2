/** Addresses that a remote server must not have: this machine, its network, and reserved ranges. */
import { BlockList, isIPv4, isIPv6 } from 'node:net'

const v4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const
const v6 = [
  ['::', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const

const blocked = new BlockList()
for (const [net, prefix] of v4) blocked.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of v6) blocked.addSubnet(net, prefix, 'ipv6')

/** An IPv6 address that embeds an IPv4 one counts as that one. An invalid address counts as private. */
export function isPrivateAddress(address: string): boolean {
  const bare = address.replace(/%.*$/, '')
  if (isIPv4(bare)) return blocked.check(bare, 'ipv4')
  return !isIPv6(bare) || blocked.check(bare, 'ipv6')
}
