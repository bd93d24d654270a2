/** iam.json without its secrets, for display. */
import type { Account } from '#identity/entities/account.ts'

const mask = '••••••••'
const secrets: ReadonlySet<string> = new Set(['secret', 'sessionToken', 'passwordHash'])

/** JSON with the indentation of the file. */
export function formatMasked(accounts: Iterable<Account>): string {
  const document = { version: 2, accounts: [...accounts].map(maskAccount) }
  return JSON.stringify(document, null, 2)
}

/** Policies are not masked: a condition or a tag may be named `secret`. */
function maskAccount(account: Account) {
  return { ...account, keys: account.keys.map(maskSecrets), users: account.users.map(maskUser) }
}

const maskUser = (user: Account['users'][number]) => ({
  ...user,
  keys: user.keys.map(maskSecrets),
  ...(user.login === undefined ? {} : { login: maskSecrets(user.login) }),
})

function maskSecrets(part: object): object {
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, secrets.has(name) ? mask : value]))
}
