/**
 * Checks that the schema of iam.json cannot express: names and keys are unique, references have a target, and policies
 * are valid.
 */

import type { DocumentPath } from '#documents/json-source.ts'
import type { DocumentMistake } from '#documents/parse-document.ts'
import { findAwsPolicy } from '#identity/aws-policies/aws-policies.ts'
import type { Account, IdentityDocument } from '#identity/entities/account.ts'
import type { Entity, PolicyText } from '#identity/entities/entity.ts'
import { policyArn } from '#identity/entities/managed-policy.ts'
import type { Bounded } from '#identity/entities/policy-holder.ts'
import { refusalOf } from '#model/errors.ts'
import { parsed, placeOfMistake } from './policy-text.ts'

type Mistakes = Generator<DocumentMistake, void>

/** The first mistake, or undefined. */
export function findMistake(document: IdentityDocument): DocumentMistake | undefined {
  for (const mistake of mistakesIn(document)) return mistake
  return undefined
}

function* mistakesIn({ accounts }: IdentityDocument): Mistakes {
  yield* repeated(['accounts'], accounts, 'id', ({ id }) => id)
  const keys = new Set<string>()
  for (const [at, account] of accounts.entries()) {
    const path: DocumentPath = ['accounts', at]
    for (const list of ['users', 'groups', 'roles', 'policies', 'instanceProfiles'] as const) {
      yield* repeated<Entity>([...path, list], account[list], 'name', ({ name }) => name.toLowerCase())
    }
    yield* mistakesInKeys(path, account, keys)
    yield* danglingIn(path, account)
    yield* mistakesInPolicies(path, account)
  }
}

function* repeated<E>(path: DocumentPath, list: readonly E[], field: string, identify: (entry: E) => string): Mistakes {
  const seen = new Set<string>()
  for (const [at, entry] of list.entries()) {
    const value = identify(entry)
    if (seen.has(value)) yield { path: [...path, at, field], message: `${JSON.stringify(value)} is used twice` }
    seen.add(value)
  }
}

/** An access key id is unique across all accounts. */
function* mistakesInKeys(path: DocumentPath, account: Account, seen: Set<string>): Mistakes {
  const holders: [DocumentPath, Account | Account['users'][number]][] = [
    [path, account],
    ...account.users.map((user, at): [DocumentPath, typeof user] => [[...path, 'users', at], user]),
  ]
  for (const [place, { keys }] of holders) {
    for (const [at, { id }] of keys.entries()) {
      if (seen.has(id)) yield { path: [...place, 'keys', at, 'id'], message: `the access key ${id} is used twice` }
      seen.add(id)
    }
  }
}

function* danglingIn(path: DocumentPath, account: Account): Mistakes {
  const groups = new Set(account.groups.map(({ name }) => name.toLowerCase()))
  const roles = new Set(account.roles.map(({ name }) => name.toLowerCase()))
  const own = new Set(account.policies.map((policy) => policyArn(account.id, policy)))
  const isPolicy = (arn: string) => own.has(arn) || findAwsPolicy(arn) !== undefined
  const noPolicy = (arn: string) => `there is no policy ${arn}`
  for (const list of ['users', 'groups', 'roles'] as const) {
    for (const [at, holder] of account[list].entries()) {
      for (const [place, arn] of holder.attached.entries()) {
        if (!isPolicy(arn)) yield { path: [...path, list, at, 'attached', place], message: noPolicy(arn) }
      }
      const { boundary } = holder as Bounded
      if (boundary !== undefined && !isPolicy(boundary)) {
        yield { path: [...path, list, at, 'boundary'], message: noPolicy(boundary) }
      }
    }
  }
  for (const [at, user] of account.users.entries()) {
    for (const [place, name] of user.groups.entries()) {
      if (groups.has(name.toLowerCase())) continue
      yield { path: [...path, 'users', at, 'groups', place], message: `there is no group ${name}` }
    }
  }
  for (const [at, profile] of account.instanceProfiles.entries()) {
    for (const [place, name] of profile.roles.entries()) {
      if (roles.has(name.toLowerCase())) continue
      yield { path: [...path, 'instanceProfiles', at, 'roles', place], message: `there is no role ${name}` }
    }
  }
}

function* mistakesInPolicies(path: DocumentPath, account: Account): Mistakes {
  for (const { path: place, text, kind } of policiesIn(path, account)) yield* mistakesInPolicy(place, text, kind)
  for (const [at, policy] of account.policies.entries()) {
    if (policy.versions.some(({ id }) => id === policy.defaultVersion)) continue
    yield { path: [...path, 'policies', at, 'defaultVersion'], message: `there is no version ${policy.defaultVersion}` }
  }
}

interface PlacedPolicy {
  readonly path: DocumentPath
  readonly text: PolicyText
  readonly kind: 'identity' | 'trust'
}

/** `path`: the path of the account. */
export function* policiesIn(path: DocumentPath, account: Account): Generator<PlacedPolicy, void> {
  const kind = 'identity'
  for (const list of ['users', 'groups', 'roles'] as const) {
    for (const [at, holder] of account[list].entries()) {
      for (const [name, text] of Object.entries(holder.inline)) {
        yield { path: [...path, list, at, 'inline', name], text, kind }
      }
    }
  }
  for (const [at, { trust }] of account.roles.entries()) {
    yield { path: [...path, 'roles', at, 'trust'], text: trust, kind: 'trust' }
  }
  for (const [at, { keys }] of account.users.entries()) {
    for (const [place, { policies = [] }] of keys.entries()) {
      for (const [which, text] of policies.entries()) {
        yield { path: [...path, 'users', at, 'keys', place, 'policies', which], text, kind }
      }
    }
  }
  for (const [at, policy] of account.policies.entries()) {
    for (const [place, { document }] of policy.versions.entries()) {
      yield { path: [...path, 'policies', at, 'versions', place, 'document'], text: document, kind }
    }
  }
}

function* mistakesInPolicy(path: DocumentPath, text: PolicyText, kind: 'identity' | 'trust'): Mistakes {
  try {
    parsed(text, kind)
  } catch (error) {
    const refusal = refusalOf(error)
    yield { path: [...path, ...placeOfMistake(text, refusal)], message: refusal.message }
  }
}
