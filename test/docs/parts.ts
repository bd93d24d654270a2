/** Which part of which document is generated, and from what. */
import { join } from 'node:path'
import { jobsTable, routesTable } from './admin-tables.ts'
import { iamLists, kmsLists, operationCounts, s3Table, stsLists } from './operation-tables.ts'
import { settingsTable } from './settings-table.ts'

interface Part {
  readonly file: string
  /** The name in its markers. */
  readonly name: string
  readonly content: () => string
}

export const root = join(import.meta.dirname, '../..')

export const parts: readonly Part[] = [
  { file: 'README.md', name: 'settings', content: settingsTable },
  { file: 'README.md', name: 'operation counts', content: operationCounts },
  { file: 'docs/operations.md', name: 's3', content: s3Table },
  { file: 'docs/operations.md', name: 'iam', content: iamLists },
  { file: 'docs/operations.md', name: 'sts', content: stsLists },
  { file: 'docs/operations.md', name: 'kms', content: kmsLists },
  { file: 'docs/admin-api.md', name: 'routes', content: routesTable },
  { file: 'docs/operating.md', name: 'jobs', content: jobsTable },
]
