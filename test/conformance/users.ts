/** The users of the suite's configuration, and the two files that define them. */
import { createHash } from 'node:crypto'
import type { WebIdentity } from './issuer.ts'

interface SuiteUser {
  readonly section: string
  readonly accessKey: string
  readonly secretKey: string
  readonly displayName: string
  readonly account: string
  /** The suite's `user_id`: a canonical id; for a root, its account. */
  readonly userId: string
  readonly isRoot: boolean
}

export const mainAccount = '100000000000'

/** The suite expects what Ceph does where its STS tests are about: users of no account, who are named by their ids. */
const accounts: Readonly<Record<string, string>> = {
  's3 main': mainAccount,
  's3 alt': 'none',
  's3 tenant': '100000000002',
  iam: 'none',
  'iam root': '100000000004',
  'iam alt root': '100000000005',
}

const canonicalIdOf = (account: string) => createHash('sha256').update(`canonical id of ${account}`).digest('hex')

function user([section, account]: [string, string]): SuiteUser {
  const name = section.replaceAll(' ', '-')
  const isRoot = section.endsWith(' root')
  return {
    section,
    accessKey: `SUITE${name.replaceAll('-', '').toUpperCase()}`.padEnd(20, 'X'),
    secretKey: createHash('sha256').update(`secret of ${name}`).digest('base64').slice(0, 40),
    displayName: `suite-${name}`,
    account,
    userId: isRoot ? account : canonicalIdOf(section === 'iam' ? 'iam' : account),
    isRoot,
  }
}

const users = Object.entries(accounts).map(user)

const emailOf = ({ displayName }: SuiteUser) => `${displayName}@example.com`

export function formatIamDocument(): string {
  const ids = [...new Set(users.map(({ account }) => account))]
  return JSON.stringify({ version: 2, accounts: ids.map(accountOf) }, null, 2)
}

function accountOf(id: string) {
  const own = users.filter(({ account }) => account === id)
  const keyOf = ({ accessKey, secretKey }: SuiteUser) => ({ id: accessKey, secret: secretKey })
  return {
    id,
    // The suite grants to an account by the root's user_id.
    canonicalId: own.some(({ isRoot }) => isRoot) ? id : canonicalIdOf(id),
    displayName: own[0]?.displayName,
    email: own[0] && emailOf(own[0]),
    keys: own.filter(({ isRoot }) => isRoot).map(keyOf),
    users: own
      .filter(({ isRoot }) => !isRoot)
      .map((one) => ({
        name: one.userId,
        displayName: one.displayName,
        keys: [keyOf(one)],
        attached: ['arn:aws:iam::aws:policy/AdministratorAccess'],
      })),
  }
}

/** `localhost` and not an address: the suite sends its host as a Host header too. */
export function formatSuiteConfiguration(
  port: number,
  webIdentity: WebIdentity | undefined,
  kmsKeys: readonly [string, string],
): string {
  const sections = users.map((entry) => {
    const lines = [
      `[${entry.section}]`,
      `display_name = ${entry.displayName}`,
      `user_id = ${entry.userId}`,
      `email = ${emailOf(entry)}`,
      `access_key = ${entry.accessKey}`,
      `secret_key = ${entry.secretKey}`,
    ]
    if (entry.section === 's3 main') {
      lines.push('api_name = eu-west-1', `kms_keyid = ${kmsKeys[0]}`, `kms_keyid2 = ${kmsKeys[1]}`)
    }
    if (entry.section === 's3 tenant') lines.push('tenant = suite')
    return lines.join('\n')
  })
  const start = ['[DEFAULT]', 'host = localhost', `port = ${port}`, 'is_secure = no', 'ssl_verify = no']
  const fixtures = [
    '[fixtures]',
    'bucket prefix = suite-{random}-',
    'iam name prefix = suite-',
    'iam path prefix = /suite/',
  ]
  const web = webIdentity === undefined ? [] : [formatWebIdentity(webIdentity)]
  return `${[start.join('\n'), fixtures.join('\n'), ...sections, ...web].join('\n\n')}\n`
}

function formatWebIdentity(web: WebIdentity): string {
  return [
    '[webidentity]',
    `token = ${web.token}`,
    `aud = ${web.audience}`,
    `sub = ${web.subject}`,
    `azp = ${web.authorizedParty}`,
    `user_token = ${web.userToken}`,
    `thumbprint = ${web.thumbprint}`,
    `KC_REALM = ${web.realm}`,
  ].join('\n')
}
