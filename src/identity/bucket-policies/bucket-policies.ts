/**
 * bucket_policies.json: `{"policies": {"<bucket>": <policy>}}`, which may be edited by hand. A policy that becomes
 * invalid does not take effect: the bucket's last valid one stays. If there was none, everyone is denied except those
 * who may repair it.
 *
 * Beside the policies, `principals` holds the unique ids of the principals that a policy names, as of its put: a
 * principal created later under the same name is another one. Names without an id mean any principal of that name.
 * `layouts` holds the layout of each policy's text.
 */
import { Document, type DocumentLog } from '#documents/document.ts'
import { DocumentProblem } from '#documents/json-source.ts'
import type { DocumentSources } from '#documents/source.ts'
import { findLayout, formatJson } from '#identity/iam-document/policy-layout.ts'
import { type Bindings, bindingsOf, followed, namesIn, type Principals } from '#identity/principals/bound-principals.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { isPublicPolicy } from '#policy/advice/public-policy.ts'
import type { ParseOptions } from '#policy/document/document.ts'
import { parsePolicy } from '#policy/document/parse-policy.ts'
import { compilePolicy } from '#policy/evaluate/compile.ts'
import type { NamedPolicy } from '#policy/evaluate/evaluate.ts'
import { placeOfPolicy } from './check-document.ts'
import { bucketPolicySchema, type PolicyDocument, without } from './document.ts'

interface Followed {
  /** As in the file. */
  readonly raw: unknown
  readonly bindings: Bindings | undefined
  readonly state: object | undefined
  /** The policy with the present names of its principals. */
  readonly source: unknown
}

interface Compiled {
  readonly source: unknown
  readonly policy: NamedPolicy | 'invalid'
  /** Why the policy in the file is not in force. */
  readonly problem?: DocumentProblem | undefined
}

export interface BookOptions extends Pick<ParseOptions, 'principalExists'> {
  /** Without it, a name means any principal of that name. */
  readonly principals?: Principals
}

export class BucketPolicyBook {
  readonly #document: Document<PolicyDocument>
  readonly #log: DocumentLog
  readonly #options: BookOptions
  readonly #compiled = new Map<string, Compiled>()
  readonly #followed = new Map<string, Followed>()

  /**
   * `principalExists` is for policies that are put, see parsePolicy. A policy with a removed principal stays in force.
   */
  constructor(document: Document<PolicyDocument>, log: DocumentLog, options: BookOptions = {}) {
    this.#document = document
    this.#log = log
    this.#options = options
  }

  find(bucket: string): string | undefined {
    const source = this.#sourceOf(bucket)
    return source === undefined ? undefined : formatJson(source, this.#document.current.layouts?.[bucket] ?? 'compact')
  }

  /** Parses like `put`. MalformedPolicy. */
  parse(bucket: string, json: string): ReturnType<typeof parsePolicy> {
    const { principalExists } = this.#options
    const options = principalExists === undefined ? {} : { principalExists }
    return parsePolicy(json, 'resource', { bucket, maxBytes: limits.policyBytes, ...options })
  }

  /** MalformedPolicy; AccessDenied for a public policy while BlockPublicPolicy is on. */
  async put(bucket: string, json: string, options: { readonly blocksPublic?: boolean } = {}): Promise<void> {
    const document = this.parse(bucket, json)
    if (options.blocksPublic === true && isPublicPolicy(document)) {
      throw new ApiError('AccessDenied', { fields: { BlockedBy: 'BlockPublicPolicy' } })
    }
    const policy: unknown = JSON.parse(json)
    const layout = findLayout(json) ?? 'compact'
    await this.#document.update((value) => {
      const bindings = this.#bindingsOf(policy)
      const kept = without(value, bucket)
      return {
        ...value,
        policies: { ...kept.policies, [bucket]: policy },
        principals: bindings === undefined ? kept.principals : { ...kept.principals, [bucket]: bindings },
        layouts: layout === 'compact' ? kept.layouts : { ...kept.layouts, [bucket]: layout },
      }
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

  /** Whether every policy that names a principal of these ids has its id. */
  areBound(ids: ReadonlySet<string>): boolean {
    const { principals } = this.#options
    if (principals === undefined) return true
    const { policies, principals: bound = {} } = this.#document.current
    return Object.entries(policies).every(([bucket, policy]) =>
      namesIn(policy).every((name) => bound[bucket]?.[name] !== undefined || !ids.has(principals.idOf(name) ?? '')),
    )
  }

  /** Writes every policy with the present names of its principals, and with their ids. */
  async settle(): Promise<void> {
    await this.#document.update((value) => {
      const { principals } = this.#options
      if (principals === undefined) return value
      const policies: Record<string, unknown> = {}
      const bound: Record<string, Record<string, string>> = {}
      for (const [bucket, policy] of Object.entries(value.policies)) {
        policies[bucket] = followed(policy, value.principals?.[bucket] ?? {}, principals)
        const bindings = this.#bindingsOf(policies[bucket])
        if (bindings !== undefined) bound[bucket] = bindings
      }
      return { ...value, policies, principals: bound }
    })
  }

  /** Compiled once while the policy stays the same. `invalid`: there is a policy that was never valid. */
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

  /** The problem of the document, or of the first policy that is not in force. */
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

  /**
   * Reading the file again creates new objects, so their identity cannot show a change. An unchanged policy keeps its
   * object.
   */
  #sourceOf(bucket: string): unknown {
    const { policies, principals: bound } = this.#document.current
    if (!Object.hasOwn(policies, bucket)) {
      this.#compiled.delete(bucket)
      this.#followed.delete(bucket)
      return undefined
    }
    const { principals } = this.#options
    const [raw, bindings, state] = [policies[bucket], bound?.[bucket], principals?.state]
    const known = this.#followed.get(bucket)
    const isUnchanged = known !== undefined && known.raw === raw
    if (isUnchanged && known.bindings === bindings && known.state === state) return known.source
    const fresh = principals === undefined ? raw : followed(raw, bindings ?? {}, principals)
    const source = isUnchanged && JSON.stringify(known.source) === JSON.stringify(fresh) ? known.source : fresh
    this.#followed.set(bucket, { raw, bindings, state, source })
    return source
  }

  /** Undefined if the policy names no principal with an id. */
  #bindingsOf(policy: unknown): Bindings | undefined {
    const { principals } = this.#options
    const bindings = principals === undefined ? {} : bindingsOf(policy, principals)
    return Object.keys(bindings).length === 0 ? undefined : bindings
  }

  #compile(bucket: string, source: unknown): NamedPolicy | DocumentProblem {
    try {
      const document = parsePolicy(JSON.stringify(source), 'resource', { bucket, maxBytes: limits.policyBytes })
      return { name: `arn:aws:s3:::${bucket}`, policy: compilePolicy(document) }
    } catch (error) {
      const problem = this.#problemOf(bucket, source, error)
      const { message, line, path: at } = problem
      const where = { path: this.path, line, at, problem: message, bucket }
      this.#log.error(where, 'the bucket policy is invalid: the last valid one stays in force, if any')
      return problem
    }
  }

  #problemOf(bucket: string, source: unknown, error: unknown): DocumentProblem {
    return this.#document.problemAt(
      ['policies', bucket, ...placeOfPolicy(source, error)],
      error instanceof Error ? error.message : String(error),
    )
  }
}

export async function openBucketPolicies(
  options: { path: string; sources?: DocumentSources | undefined; log: DocumentLog } & BookOptions,
): Promise<BucketPolicyBook> {
  const { path, sources, log, ...bookOptions } = options
  const initial = (): PolicyDocument => ({ policies: {} })
  const document = await Document.open({
    name: 'bucket_policies.json',
    path,
    sources,
    schema: bucketPolicySchema,
    initial,
    log,
  })
  return new BucketPolicyBook(document, log, bookOptions)
}
