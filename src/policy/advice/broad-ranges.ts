/**
 * Whether ranges of addresses are so broad that they mean everyone. AWS calls a range public if it is broader than /8
 * (IPv4, private ranges excluded) or /32 (IPv6). Ranges are added up: otherwise the whole internet could be listed in
 * 256 pieces.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 */
import { parseRangeBounds, type RangeBounds } from '#lib/net/ip-range.ts'

/** RFC 1918. */
const privateRanges = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].flatMap((text) => parseRangeBounds(text) ?? [])

/** The most addresses in one piece, and in all pieces together: 16 of the largest. */
const largest = { 4: 1n << 24n, 6: 1n << 96n } as const
const piecesMax = 16n

/** A text that is no range matches no address. */
export function areBroadRanges(ranges: readonly string[]): boolean {
  const bounds = ranges.flatMap((text) => parseRangeBounds(text) ?? []).filter((range) => !isPrivate(range))
  return ([4, 6] as const).some((version) => {
    const pieces = merged(bounds.filter((range) => range.version === version))
    const sizes = pieces.map(({ first, last }) => last - first + 1n)
    const total = sizes.reduce((sum, size) => sum + size, 0n)
    return sizes.some((size) => size > largest[version]) || total > largest[version] * piecesMax
  })
}

const isPrivate = ({ version, first, last }: RangeBounds): boolean =>
  version === 4 && privateRanges.some((range) => first >= range.first && last <= range.last)

/** Merges ranges that overlap or touch. */
function merged(ranges: readonly RangeBounds[]): RangeBounds[] {
  const pieces: RangeBounds[] = []
  for (const range of [...ranges].sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0))) {
    const before = pieces.at(-1)
    if (before === undefined || range.first > before.last + 1n) pieces.push(range)
    else if (range.last > before.last) pieces[pieces.length - 1] = { ...before, last: range.last }
  }
  return pieces
}
