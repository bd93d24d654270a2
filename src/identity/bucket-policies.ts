/**
 * bucket_policies.json: `{"policies": {"<bucket>": <policy>}}`. A policy that a hand made invalid does not take effect: the bucket's last
 * good one stays, and where there is none, nobody gets in but to mend it. `texts` keeps policies letter by letter as they were put, for
 * GetBucketPolicy; where a hand has changed the policy since, the text counts for nothing.
 */
import * as z from 'zod'
import { Document, type DocumentLog } from '#documents/document.ts'
import { DocumentProblem } from '#documents/json-source.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { compilePolicy } from '#policy/compile.ts'
import { type ParseOptions, parsePolicy } from '#policy/document.ts'
import type { NamedPolicy } from '#policy/evaluate.ts'
import { isPublicPolicy } from '#policy/public-policy.ts'
import type { PolicyText } from './entity.ts'
import { placeOfMistake } from './policy-text.ts'

const schema = z.looseObject({
  policies: z.record(z.string(), z.unknown()),
  texts: z.record(z.string(), z.string()).optional(),
})
type PolicyDocument = z.infer<typeof schema>

interface Compiled {
  /** As it is in the file. */
  readonly source: unknown
  readonly policy: NamedPolicy | 'invalid'
  /** Why it has no effect as it is. */
  readonly problem?: DocumentProblem | undefined
}

export class BucketPolicyBook {
  readonly #document: Document<PolicyDocument>
  readonly #log: DocumentLog
  readonly #options: Pick<ParseOptions, 'principalExists'>
  readonly #compiled = new Map<string, Compiled>()

  /** `principalExists` as parsePolicy asks it, of what is put; a policy whose principal is gone stays in force. */
  constructor(
    document: Document<PolicyDocument>,
    log: DocumentLog,
    options: Pick<ParseOptions, 'principalExists'> = {},
  ) {
    this.#document = document
    this.#log = log
    this.#options = options
  }

  find(bucket: string): string | undefined {
    const source = this.#sourceOf(bucket)
    if (source === undefined) return undefined
    const compact = JSON.stringify(source)
    const text = this.#document.current.texts?.[bucket]
    return text !== undefined && isSameJson(text, compact) ? text : compact
  }

  /** As `put` reads it. MalformedPolicy. */
  parse(bucket: string, json: string): ReturnType<typeof parsePolicy> {
    return parsePolicy(json, 'resource', { bucket, maxBytes: limits.policyBytes, ...this.#options })
  }

  /** MalformedPolicy; AccessDenied for a public policy where these are blocked. */
  async put(bucket: string, json: string, options: { readonly blocksPublic?: boolean } = {}): Promise<void> {
    const document = this.parse(bucket, json)
    if (options.blocksPublic === true && isPublicPolicy(document)) {
      throw new ApiError('AccessDenied', { fields: { BlockedBy: 'BlockPublicPolicy' } })
    }
    const policy: unknown = JSON.parse(json)
    await this.#document.update((value) => {
      const { policies, texts } = without(value, bucket)
      const kept = JSON.stringify(policy) === json ? texts : { ...texts, [bucket]: json }
      return { ...value, policies: { ...policies, [bucket]: policy }, texts: kept }
    })
  }

  async remove(bucket: string): Promise<void> {
    if (this.find(bucket) === undefined) return
    await this.#document.update((value) => ({ ...value, ...without(value, bucket) }))
  }

  isPublic(bucket: string): boolean {
    const policy = this.policyOf(bucket)
    return policy !== undefined && policy !== 'invalid' && isPublicPolicy(policy.policy.document)
  }

  /** Compiled once for as long as the file says the same. `invalid`: a policy is there that was never understood. */
  policyOf(bucket: string): NamedPolicy | 'invalid' | undefined {
    const source = this.#sourceOf(bucket)
    if (source === undefined) return undefined
    const known = this.#compiled.get(bucket)
    if (known?.source === source) return known.policy
    const found = this.#compile(bucket, source)
    const isGood = !(found instanceof DocumentProblem)
    const policy = isGood ? found : (known?.policy ?? 'invalid')
    this.#compiled.set(bucket, { source, policy, problem: isGood ? undefined : found })
    return policy
  }

  /** Of the document, or of the first policy in it that has no effect. */
  get problem(): DocumentProblem | undefined {
    const { current, problem } = this.#document
    if (problem !== undefined) return problem
    for (const bucket of Object.keys(current.policies)) {
      this.policyOf(bucket)
      const own = this.#compiled.get(bucket)?.problem
      if (own !== undefined) return own
    }
    return undefined
  }

  get path(): string {
    return this.#document.path
  }

  close(): Promise<void> {
    return this.#document.close()
  }

  /** Reading the file anew makes new objects, which is how a change shows. */
  #sourceOf(bucket: string): unknown {
    const { policies } = this.#document.current
    if (Object.hasOwn(policies, bucket)) return policies[bucket]
    this.#compiled.delete(bucket)
    return undefined
  }

  #compile(bucket: string, source: unknown): NamedPolicy | DocumentProblem {
    try {
      const document = parsePolicy(JSON.stringify(source), 'resource', { bucket, maxBytes: limits.policyBytes })
      return { name: `arn:aws:s3:::${bucket}`, policy: compilePolicy(document) }
    } catch (error) {
      const problem = this.#problemOf(bucket, source, error)
      const { message, line, path: at } = problem
      const where = { path: this.path, line, at, problem: message, bucket }
      this.#log.error(where, 'the bucket policy is invalid: the last good one stays in force, if any')
      return problem
    }
  }

  #problemOf(bucket: string, source: unknown, error: unknown): DocumentProblem {
    const isText = typeof source === 'object' && source !== null && !Array.isArray(source)
    const place = isText && error instanceof ApiError ? placeOfMistake(source as PolicyText, error) : []
    return this.#document.problemAt(
      ['policies', bucket, ...place],
      error instanceof Error ? error.message : String(error),
    )
  }
}

function without(value: PolicyDocument, bucket: string): Pick<PolicyDocument, 'policies' | 'texts'> {
  const { [bucket]: _policy, ...policies } = value.policies
  const { [bucket]: _text, ...texts } = value.texts ?? {}
  return { policies, texts }
}

/** Key order counts: a text is kept with the very policy that was parsed from it. */
function isSameJson(text: string, compact: string): boolean {
  try {
    return JSON.stringify(JSON.parse(text)) === compact
  } catch {
    return false
  }
}

export async function openBucketPolicies(
  options: { path: string; log: DocumentLog } & Pick<ParseOptions, 'principalExists'>,
): Promise<BucketPolicyBook> {
  const { path, log, principalExists } = options
  const initial = (): PolicyDocument => ({ policies: {} })
  const document = await Document.open({ path, schema, initial, log })
  return new BucketPolicyBook(document, log, principalExists === undefined ? {} : { principalExists })
}
