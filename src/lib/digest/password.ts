/** Passwords as argon2id in PHC form; parameters after https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
import { randomBytes } from 'node:crypto'
import { argon2id, argon2Verify } from 'hash-wasm'

const cost = { parallelism: 1, iterations: 2, memorySize: 19_456, hashLength: 32 }

export function formatPassword(password: string): Promise<string> {
  return argon2id({ ...cost, password: password.normalize('NFKC'), salt: randomBytes(16), outputType: 'encoded' })
}

export async function isPasswordOf(hash: string, password: string): Promise<boolean> {
  try {
    return await argon2Verify({ hash, password: password.normalize('NFKC') })
  } catch {
    // No hash, or no password: not theirs.
    return false
  }
}
