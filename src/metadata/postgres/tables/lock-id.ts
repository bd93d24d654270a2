/**
 * A 64-bit lock id for a name. If two names have the same id, their commits only wait for each other. All nodes must
 * compute the same ids, so this function never changes.
 */

/** `salt`: schema and space, so that equal names in different tables have different locks. */
export function lockId(salt: string, name: string): bigint {
  let high = 0x811c9dc5
  let low = 0x1b873593
  for (const text of [salt, name]) {
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      high = Math.imul(high ^ code, 0x01000193)
      low = Math.imul(low ^ code, 0x85ebca6b)
      low = (low << 13) | (low >>> 19)
    }
    high = Math.imul(high ^ 0x100, 0x01000193)
    low = Math.imul(low ^ 0x100, 0x85ebca6b)
  }
  return (BigInt(mixed(high)) << 32n) | BigInt(mixed(low) >>> 0)
}

function mixed(hash: number): number {
  let mix = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
  return mix ^ (mix >>> 16)
}
