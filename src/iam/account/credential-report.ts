/**
 * The credentials of each user, as a table. It is made for each request, so it always exists and processes share no
 * state.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
 */

import type { IamRow } from '#iam/request.ts'
import { formatDate } from '#iam/shapes.ts'
import { anything } from '#iam/targets.ts'
import type { AccessKey } from '#identity/entities/access-key.ts'
import type { Account } from '#identity/entities/account.ts'
import type { Login } from '#identity/entities/user.ts'
import type { LastUsed } from '#identity/last-used.ts'
import { arnOf, rootArn } from '#identity/principals/principal-arn.ts'

const keyColumns = ['active', 'last_rotated', 'last_used_date', 'last_used_region', 'last_used_service']
const columns = [
  ...['user', 'arn', 'user_creation_time', 'password_enabled', 'password_last_used', 'password_last_changed'],
  ...['password_next_rotation', 'mfa_active'],
  ...[1, 2].flatMap((number) => keyColumns.map((column) => `access_key_${number}_${column}`)),
  ...['cert_1_active', 'cert_1_last_rotated', 'cert_2_active', 'cert_2_last_rotated'],
]
const none = 'N/A'

export const credentialReportRows: readonly IamRow[] = [
  { name: 'GenerateCredentialReport', on: anything, run: () => ({ State: 'COMPLETE' }) },
  {
    name: 'GetCredentialReport',
    on: anything,
    run: ({ account, identities, clock }) => ({
      Content: Buffer.from(formatReport(account, identities.lastUsed)).toString('base64'),
      ReportFormat: 'text/csv',
      GeneratedTime: formatDate(new Date(clock.nowMs()).toISOString()),
    }),
  },
]

function formatReport(account: Account, lastUsed: LastUsed): string {
  const root = ['<root_account>', rootArn(account.id), moment('1970-01-01T00:00:00Z'), 'not_supported']
  const rows = [
    columns,
    [...root, none, 'not_supported', 'not_supported', 'false', ...keyFields(account.keys, lastUsed), ...noCertificates],
    ...account.users.map((user) => [
      ...[user.name, arnOf(account.id, 'user', user), moment(user.createdAt)],
      ...[...passwordFields(user.login), 'false', ...keyFields(user.keys, lastUsed), ...noCertificates],
    ]),
  ]
  return rows.map((row) => row.map(quoted).join(',')).join('\n')
}

/** The time of last use is not recorded. */
const passwordFields = (login: Login | undefined): string[] =>
  login === undefined ? ['false', none, none, none] : ['true', 'no_information', moment(login.createdAt), none]

function keyFields(keys: readonly AccessKey[], lastUsed: LastUsed): string[] {
  return [keys[0], keys[1]].flatMap((key) => {
    if (key === undefined) return ['false', none, none, none, none]
    const use = lastUsed.find(key.id)
    const used = use === undefined ? [none, none, none] : [moment(use.atMs), use.region, use.service]
    return [String(key.status === 'Active'), moment(key.createdAt), ...used]
  })
}

const noCertificates = ['false', none, 'false', none]

const moment = (at: string | number): string => `${new Date(at).toISOString().slice(0, 19)}+00:00`

/** Names of users may contain commas. */
const quoted = (field: string): string => (field.includes(',') ? `"${field}"` : field)
