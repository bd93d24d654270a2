/** iam.json to look at: everything but what lets somebody in. */
import type { Account } from '#identity/entities/account.ts'

const mask = '••••••••'
const secrets: ReadonlySet<string> = new Set(['secret', 'sessionToken', 'passwordHash'])

/** As JSON, indented as in the file. */
export function formatMasked(accounts: Iterable<Account>): string {
  const document = { version: 2, accounts: [...accounts].map(maskAccount) }
  return JSON.stringify(document, null, 2)
}

/** Policies are left as they are: a condition or a tag may well be called a secret. */
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
