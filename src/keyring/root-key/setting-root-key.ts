/** The root key is a setting, KMS_ROOT_KEY. */
import type { RootKeySource } from './root-key-source.ts'

export function settingRootKey(text: string): RootKeySource {
  const secret = Buffer.from(text)
  const make = async () => ({ secret })
  return { kind: 'setting', open: async () => secret, make, renew: make }
}
