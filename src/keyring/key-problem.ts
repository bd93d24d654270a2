import { serverKeyName } from '#model/key-uses.ts'
import type { KeyDocument } from './key-document.ts'
import { keyArn } from './key-lookup.ts'

export interface KeyProblem {
  readonly sentence: string
  /** What the key encrypted cannot be decrypted now. */
  readonly isLost: boolean
}

/** Why the data of a key cannot be decrypted, or soon cannot be any more. `name`: its ARN, or `serverKeyName`. */
export function findKeyProblem({ server, keys }: KeyDocument, name: string): KeyProblem | undefined {
  const lost = (what: string): KeyProblem => ({ isLost: true, sentence: `${what} is not in kms_keys.json.` })
  if (name === serverKeyName) return server === undefined ? lost('The key of the server') : undefined
  const key = keys.find((one) => keyArn(one, one.id) === name)
  if (key === undefined) return lost(`The key ${name}`)
  if (key.deletesAt === undefined) return undefined
  return { isLost: false, sentence: `The key ${name} will be deleted at ${key.deletesAt}.` }
}
