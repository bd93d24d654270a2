/** The root key of a server in memory, which keeps no data. */
import { randomBytes } from 'node:crypto'
import type { RootKeySource } from './root-key-source.ts'

export function memoryRootKey(): RootKeySource {
  const secret = randomBytes(32)
  const make = async () => ({ secret })
  return { kind: 'file', open: async () => secret, make, renew: make }
}
