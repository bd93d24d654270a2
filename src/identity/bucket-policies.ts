/** bucket_policies.json: `{"policies": {"<bucket>": <policy>}}`. A policy that is not valid denies everyone but its account. */
import { z } from 'zod'
import { Document, type DocumentLog } from '#documents/document.ts'
import { ApiError } from '#model/errors.ts'
import {
  type BucketPolicy,
  type Decision,
  evaluateBucketPolicy,
  isPublicPolicy,
  type PolicyPrincipal,
  parseBucketPolicy,
} from '#policy/bucket-policy.ts'

const schema = z.looseObject({ policies: z.record(z.string(), z.unknown()) })
type PolicyDocument = z.infer<typeof schema>

export class BucketPolicyBook {
  readonly #document: Document<PolicyDocument>
  readonly #log: DocumentLog
  #compiledFrom: PolicyDocument | undefined
  #compiled = new Map<string, BucketPolicy | 'invalid'>()

  constructor(document: Document<PolicyDocument>, log: DocumentLog) {
    this.#document = document
    this.#log = log
  }

  find(bucket: string): string | undefined {
    const { policies } = this.#document.current
    return Object.hasOwn(policies, bucket) ? JSON.stringify(policies[bucket]) : undefined
  }

  /** MalformedPolicy; AccessDenied for a public policy where these are blocked. */
  async put(bucket: string, json: string, options: { readonly blocksPublic?: boolean } = {}): Promise<void> {
    const policy = parseBucketPolicy(json, bucket)
    if (options.blocksPublic === true && isPublicPolicy(policy)) {
      throw new ApiError('AccessDenied', { fields: { BlockedBy: 'BlockPublicPolicy' } })
    }
    await this.#document.update((value) => ({ ...value, policies: { ...value.policies, [bucket]: JSON.parse(json) } }))
  }

  async remove(bucket: string): Promise<void> {
    if (this.find(bucket) === undefined) return
    await this.#document.update((value) => {
      const { [bucket]: _, ...policies } = value.policies
      return { ...value, policies }
    })
  }

  isPublic(bucket: string): boolean {
    const policy = this.#policyOf(bucket)
    return policy !== undefined && policy !== 'invalid' && isPublicPolicy(policy)
  }

  /** `invalid`: a policy is there that cannot be understood. */
  evaluate(bucket: string, principal: PolicyPrincipal, action: string, resource: string): Decision | 'invalid' {
    const policy = this.#policyOf(bucket)
    if (policy === undefined) return 'none'
    return policy === 'invalid' ? 'invalid' : evaluateBucketPolicy(policy, { principal, action, resource })
  }

  /** Why the document as it is now has no effect; undefined if it has. */
  get problem(): string | undefined {
    return this.#document.problem
  }

  close(): Promise<void> {
    return this.#document.close()
  }

  #policyOf(bucket: string): BucketPolicy | 'invalid' | undefined {
    const { current } = this.#document
    if (current !== this.#compiledFrom) {
      this.#compiled = new Map(
        Object.entries(current.policies).map(([name, policy]) => [name, this.#compile(name, policy)]),
      )
      this.#compiledFrom = current
    }
    return this.#compiled.get(bucket)
  }

  #compile(bucket: string, policy: unknown): BucketPolicy | 'invalid' {
    try {
      return parseBucketPolicy(JSON.stringify(policy), bucket)
    } catch (error) {
      this.#log.error(
        { bucket, err: error },
        'the bucket policy is invalid: it allows nothing, and other accounts are denied',
      )
      return 'invalid'
    }
  }
}

export async function openBucketPolicies(options: { path: string; log: DocumentLog }): Promise<BucketPolicyBook> {
  const initial = (): PolicyDocument => ({ policies: {} })
  return new BucketPolicyBook(
    await Document.open({ path: options.path, schema, initial, log: options.log }),
    options.log,
  )
}
