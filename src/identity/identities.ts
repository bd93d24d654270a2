/** Who may call, from iam.json: users with keys and coarse actions per bucket. */
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { Document, type DocumentLog } from '#documents/document.ts'
import { anonymous, type Owner } from '#model/account.ts'
import { policyOfCoarseGrants } from '#policy/coarse-actions.ts'
import { compilePolicy } from '#policy/compile.ts'
import { Identity } from './identity.ts'

const user = z.object({
  access_key: z.string().min(1),
  secret_key: z.string().min(1),
  display_name: z.string().default(''),
  policies: z.array(z.object({ bucket: z.string(), actions: z.array(z.string()) })).default([]),
  /** Twelve digits. Users of one account own their buckets together; buckets of another need a bucket policy. */
  account: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
  canonical_id: z.string().min(1).max(64).optional(),
  session_token: z.string().optional(),
  /** By which access control lists may name the account. */
  email: z.string().min(3).max(254).optional(),
})
const schema = z.looseObject({ users: z.array(z.looseObject(user.shape)) })

export type IdentityDocument = z.infer<typeof schema>

export const defaultAccount = '000000000000'

/** 64 hex digits that always are the same for an account. */
export const canonicalIdOf = (account: string): string => createHash('sha256').update(account).digest('hex')

export class Identities {
  readonly #document: Document<IdentityDocument>
  #compiledFrom: IdentityDocument | undefined
  #byKey = new Map<string, Identity>()
  #accounts = new Map<string, string>()
  #byName = new Map<string, Identity | undefined>()
  #byCanonicalId = new Map<string, Owner>()
  #byEmail = new Map<string, Owner>()

  constructor(document: Document<IdentityDocument>) {
    this.#document = document
  }

  findByAccessKey(accessKeyId: string): Identity | undefined {
    return this.#compiled().get(accessKeyId)
  }

  /** Twelve digits. */
  findAccount(canonicalId: string): string | undefined {
    this.#compiled()
    return this.#accounts.get(canonicalId)
  }

  /** Whether a Principal may name this: an ARN, an account, an access key, a canonical id. */
  isPrincipal(name: string): boolean {
    this.#compiled()
    return this.#byName.has(name)
  }

  /** By access key, ARN or name. */
  find(name: string): Identity | undefined {
    const identities = this.#compiled()
    return this.#byName.get(name) ?? [...identities.values()].find(({ displayName }) => displayName === name)
  }

  /** An account by its canonical id, under the name of its first user. */
  findOwner(canonicalId: string): Owner | undefined {
    this.#compiled()
    return this.#byCanonicalId.get(canonicalId)
  }

  findOwnerByEmail(email: string): Owner | undefined {
    this.#compiled()
    return this.#byEmail.get(email.toLowerCase())
  }

  /** The account that owns what nobody in particular made: that of the first user. */
  get ownerId(): string {
    const [first] = this.#compiled().values()
    return first?.canonicalId ?? canonicalIdOf(defaultAccount)
  }

  /** Why the document as it is now has no effect; undefined if it has. */
  get problem(): string | undefined {
    return this.#document.problem
  }

  close(): Promise<void> {
    return this.#document.close()
  }

  #compiled(): Map<string, Identity> {
    const { current } = this.#document
    if (current !== this.#compiledFrom) {
      this.#byKey = new Map(current.users.map((one) => [one.access_key, compile(one)]))
      const identities = [...this.#byKey.values()]
      this.#accounts = new Map(identities.map(({ canonicalId, account }) => [canonicalId, account]))
      this.#byName = new Map(identities.flatMap(namesOf))
      this.#nameOwners(current)
      this.#compiledFrom = current
    }
    return this.#byKey
  }

  #nameOwners({ users }: IdentityDocument): void {
    this.#byCanonicalId = new Map([[anonymous.canonicalId, anonymous]])
    this.#byEmail = new Map()
    for (const { access_key: accessKey, email } of users) {
      const { canonicalId, displayName } = this.#byKey.get(accessKey) ?? anonymous
      if (!this.#byCanonicalId.has(canonicalId)) this.#byCanonicalId.set(canonicalId, { canonicalId, displayName })
      if (email !== undefined) this.#byEmail.set(email.toLowerCase(), { canonicalId, displayName })
    }
  }
}

export async function openIdentities(options: {
  path: string
  bootstrap: { accessKey: string; secretKey: string }
  log: DocumentLog
}): Promise<Identities> {
  const { bootstrap } = options
  const initial = (): IdentityDocument => ({
    users: [
      {
        access_key: bootstrap.accessKey,
        secret_key: bootstrap.secretKey,
        display_name: 'Local Admin',
        policies: [{ bucket: '*', actions: ['list', 'read', 'write', 'delete', 'share', 'policy', 'iam:*'] }],
      },
    ],
  })
  return new Identities(await Document.open({ path: options.path, schema, initial, log: options.log }))
}

/** Accounts are no single identity. */
function namesOf(identity: Identity): [string, Identity | undefined][] {
  const { account, arn, canonicalId, accessKeyId } = identity
  const shared = [account, `arn:aws:iam::${account}:root`, canonicalId]
  return [
    ...[arn, accessKeyId].map((name): [string, Identity] => [name, identity]),
    ...shared.map((name): [string, undefined] => [name, undefined]),
  ]
}

function compile(user: IdentityDocument['users'][number]): Identity {
  const account = user.account ?? defaultAccount
  const name = user.display_name === '' ? user.access_key : user.display_name
  const policy = { name: 'iam.json', policy: compilePolicy(policyOfCoarseGrants(user.policies)) }
  return new Identity({
    accessKeyId: user.access_key,
    secretAccessKey: user.secret_key,
    displayName: name,
    ...(user.session_token === undefined ? {} : { sessionToken: user.session_token }),
    requester: {
      type: 'user',
      arn: `arn:aws:iam::${account}:user/${name}`,
      account,
      userId: user.access_key,
      userName: name,
      canonicalId: user.canonical_id ?? canonicalIdOf(account),
      aliases: [user.access_key],
    },
    policies: { identity: [policy] },
  })
}
