/** The bucket policy: checked while it is typed, and shown as a difference before it takes effect. */
import * as z from 'zod'
import { bucketHref } from '#console/address.ts'
import type { BucketPolicies, ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { refusalOf } from '#model/errors.ts'
import { publicReadPolicy } from './access.ts'
import { describePolicy } from './describe-policy.ts'
import { indentPolicy, stampOf } from './policy-text.ts'
import { settingsCrumbs } from './settings-crumbs.ts'

/** For a note that the policy was changed elsewhere. */
export const showPolicyStamp: Page = ({ bucket }, { bucketPolicies }) => ({
  json: { stamp: stampOf(bucketPolicies.find(bucket.name)) },
})

const checked = z.object({ document: z.string() })

/** Checks like PutBucketPolicy, without changing anything. */
export const checkPolicy: Page = async (visit, { bucketPolicies }) => {
  const { document } = await visit.readJson(checked)
  const problem = problemOf(document, visit.bucket.name, bucketPolicies)
  return { json: problem ?? { sentences: describePolicy(document) } }
}

export const savePolicy: Page = async (visit, services) => {
  const { bucket, form } = visit
  const { bucketPolicies } = services
  const document = documentOf(visit)
  const problem = document === '' ? undefined : problemOf(document, bucket.name, bucketPolicies)
  if (problem !== undefined) return confirmView(visit, services, document, problem.problem, 400)
  if (form.get('confirmed') === null) return confirmView(visit, services, document)
  if (document === '') {
    visit.authorize('s3:DeleteBucketPolicy', { bucket })
    await bucketPolicies.remove(bucket.name)
  } else {
    if (liftsBlock(visit)) await liftBlock(visit, services)
    const blocksPublic = !liftsBlock(visit) && bucket.publicAccessBlock?.blockPublicPolicy === true
    await bucketPolicies.put(bucket.name, document, { blocksPublic })
  }
  return { redirect: bucketHref(bucket.name, 'settings'), notice: { kind: 'done', text: outcome(visit, document) } }
}

function outcome(visit: Visit, document: string): string {
  if (document === '') return 'Bucket policy removed: the bucket is private'
  return liftsBlock(visit)
    ? 'Bucket policy applied. Block Public Access was turned off for public policies of this bucket'
    : 'Bucket policy applied'
}

/** The public preset makes the bucket public: settings of Block Public Access that prevent it are turned off too. */
function liftsBlock({ form, bucket: { publicAccessBlock: block } }: Visit): boolean {
  if (form.get('preset') !== 'public-read' || block === undefined) return false
  return block.blockPublicPolicy || block.restrictPublicBuckets
}

async function liftBlock(visit: Visit, { store }: ConsoleServices): Promise<void> {
  const { bucket } = visit
  visit.authorize('s3:PutBucketPublicAccessBlock', { bucket })
  await store.updateBucket(bucket.name, (current) => {
    const { publicAccessBlock: block } = current
    if (block === undefined) return current
    return { ...current, publicAccessBlock: { ...block, blockPublicPolicy: false, restrictPublicBuckets: false } }
  })
}

/** The policy of a preset, or the typed one. */
function documentOf({ form, bucket }: Visit): string {
  const preset = form.get('preset')
  if (preset === 'private') return ''
  return preset === 'public-read' ? publicReadPolicy(bucket.name) : (form.get('document')?.trim() ?? '')
}

interface Problem {
  readonly problem: string
  /** The line where the JSON is broken. */
  readonly line?: number
}

function problemOf(document: string, bucket: string, policies: BucketPolicies): Problem | undefined {
  try {
    policies.parse(bucket, document)
    return undefined
  } catch (error) {
    const refusal = refusalOf(error)
    const { Detail: path } = refusal.fields
    const where = path === undefined ? '' : ` (${path})`
    return syntaxProblem(document) ?? { problem: refusal.message + where }
  }
}

/** JavaScript's message for broken JSON, with its line. */
function syntaxProblem(document: string): Problem | undefined {
  try {
    JSON.parse(document)
    return undefined
  } catch (error) {
    const message = error instanceof Error ? error.message : ''
    const position = /position (\d+)/.exec(message)?.[1]
    const text = message.replace(/ in JSON at position.*| \(line.*| at position.*/s, '')
    const end = position === undefined ? document.length : Number(position)
    const line = document.slice(0, end).split('\n').length
    return { problem: `Line ${line}: ${text}`, line }
  }
}

async function confirmView(
  visit: Visit,
  { bucketPolicies }: ConsoleServices,
  document: string,
  problem?: string,
  status = 200,
): Promise<View> {
  const { bucket, form } = visit
  const current = bucketPolicies.find(bucket.name)
  const { diffLines } = await import('diff')
  const after = problem === undefined && document !== '' ? indentPolicy(document) : document
  return {
    view: 'settings/confirm-policy',
    title: 'Change the policy',
    place: 'buckets',
    isDialog: true,
    status,
    crumbs: settingsCrumbs(bucket.name, 'Policy'),
    locals: {
      bucket,
      document,
      problem,
      changes: diffLines(withEnd(indentPolicy(current)), withEnd(after)),
      sentences: problem === undefined && document !== '' ? describePolicy(document) : [],
      isPreset: form.get('preset') === 'public-read',
      liftsBlock: liftsBlock(visit),
      isStale: form.get('stamp') !== null && form.get('stamp') !== stampOf(current),
    },
  }
}

const withEnd = (text: string) => (text === '' ? '' : `${text}\n`)
