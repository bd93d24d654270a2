/** The users that the suite's configuration names, each in an account of its own, and the two files that tell of them. */
import { createHash } from 'node:crypto'

interface SuiteUser {
  readonly section: string
  readonly accessKey: string
  readonly secretKey: string
  readonly displayName: string
  readonly account: string
  readonly canonicalId: string
}

function user(section: string, number: number): SuiteUser {
  const name = section.replaceAll(' ', '-')
  return {
    section,
    accessKey: `SUITE${name.replaceAll('-', '').toUpperCase()}`.padEnd(20, 'X'),
    secretKey: createHash('sha256').update(`secret of ${name}`).digest('base64').slice(0, 40),
    displayName: `suite-${name}`,
    account: String(100_000_000_000 + number),
    canonicalId: createHash('sha256').update(`canonical id of ${name}`).digest('hex'),
  }
}

const users = ['s3 main', 's3 alt', 's3 tenant', 'iam', 'iam root', 'iam alt root'].map(user)

const emailOf = ({ displayName }: SuiteUser) => `${displayName}@example.com`

export function formatIamDocument(): string {
  const entries = users.map((entry) => ({
    access_key: entry.accessKey,
    secret_key: entry.secretKey,
    display_name: entry.displayName,
    account: entry.account,
    canonical_id: entry.canonicalId,
    email: emailOf(entry),
    policies: [{ bucket: '*', actions: ['*'] }],
  }))
  return JSON.stringify({ users: entries }, null, 2)
}

/** `localhost` and not an address: the suite sends its host as a Host header too. */
export function formatSuiteConfiguration(port: number): string {
  const sections = users.map((entry) => {
    const lines = [
      `[${entry.section}]`,
      `display_name = ${entry.displayName}`,
      `user_id = ${entry.canonicalId}`,
      `email = ${emailOf(entry)}`,
      `access_key = ${entry.accessKey}`,
      `secret_key = ${entry.secretKey}`,
    ]
    if (entry.section === 's3 main') lines.push('api_name = eu-west-1')
    if (entry.section === 's3 tenant') lines.push('tenant = suite')
    return lines.join('\n')
  })
  const start = ['[DEFAULT]', 'host = localhost', `port = ${port}`, 'is_secure = no', 'ssl_verify = no']
  const fixtures = ['[fixtures]', 'bucket prefix = suite-{random}-']
  return `${[start.join('\n'), fixtures.join('\n'), ...sections].join('\n\n')}\n`
}
