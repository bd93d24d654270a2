/** Addresses and CIDR ranges of both versions. An IPv4-mapped IPv6 address counts as IPv4. */
import { isIPv4, isIPv6 } from 'node:net'

interface Address {
  readonly version: 4 | 6
  /** 16-bit groups: two or eight. */
  readonly groups: readonly number[]
}

export type IpRange = (address: string) => boolean

interface Block {
  readonly base: Address
  /** The bits of an address of this version, and those of them that all addresses of the block share. */
  readonly size: number
  readonly bits: number
}

function parseBlock(text: string): Block | undefined {
  const slash = text.indexOf('/')
  const base = parseAddress(slash < 0 ? text : text.slice(0, slash))
  if (base === undefined) return undefined
  const size = base.version === 4 ? 32 : 128
  const bits = slash < 0 ? size : parseBits(text.slice(slash + 1))
  return bits > size ? undefined : { base, size, bits }
}

/** Undefined if `text` is neither an address nor a range. */
export function parseIpRange(text: string): IpRange | undefined {
  const block = parseBlock(text)
  if (block === undefined) return undefined
  const { base, bits } = block
  // Most requests of a connection ask about one address: the last result is kept.
  let last = ''
  let wasInside = false
  return (address) => {
    if (address !== last) {
      const given = parseAddress(address)
      wasInside = given !== undefined && given.version === base.version && shareBits(base.groups, given.groups, bits)
      last = address
    }
    return wasInside
  }
}

/** The network of an address. A client with IPv6 can choose its address within a whole /64. */
export function networkOf(address: string): string {
  const parsed = parseAddress(address)
  return parsed?.version === 6 ? parsed.groups.slice(0, 4).join(':') : address
}

/** First and last address of a range, as numbers. */
export interface RangeBounds {
  readonly version: 4 | 6
  readonly first: bigint
  readonly last: bigint
}

/** Undefined if `text` is neither an address nor a range. */
export function parseRangeBounds(text: string): RangeBounds | undefined {
  const block = parseBlock(text)
  if (block === undefined) return undefined
  const { base, size, bits } = block
  const address = base.groups.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n)
  const rest = BigInt(size - bits)
  const first = (address >> rest) << rest
  return { version: base.version, first, last: first + (1n << rest) - 1n }
}

export const isIpRange = (text: string): boolean => parseIpRange(text) !== undefined

const parseBits = (text: string): number => (/^\d{1,3}$/.test(text) ? Number(text) : Number.POSITIVE_INFINITY)

function shareBits(a: readonly number[], b: readonly number[], bits: number): boolean {
  for (let group = 0, left = bits; left > 0; group++, left -= 16) {
    const shift = Math.max(0, 16 - left)
    if ((a[group] ?? 0) >> shift !== (b[group] ?? 0) >> shift) return false
  }
  return true
}

function parseAddress(text: string): Address | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1]
  const plain = mapped ?? text
  if (isIPv4(plain)) return { version: 4, groups: groupsOfIPv4(plain) }
  if (!isIPv6(plain) || plain.includes('%')) return undefined
  const [head = '', tail] = plain.split('::')
  const before = groupsOfIPv6(head)
  const after = tail === undefined ? [] : groupsOfIPv6(tail)
  const zeros = new Array<number>(8 - before.length - after.length).fill(0)
  return { version: 6, groups: [...before, ...zeros, ...after] }
}

function groupsOfIPv4(text: string): number[] {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number)
  return [a * 256 + b, c * 256 + d]
}

function groupsOfIPv6(text: string): number[] {
  if (text === '') return []
  return text.split(':').flatMap((group) => (group.includes('.') ? groupsOfIPv4(group) : [Number.parseInt(group, 16)]))
}
