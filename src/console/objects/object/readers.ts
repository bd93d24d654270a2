/** Lists who can read an object, and why: every user and role of the visitor's account, and anonymous requesters. */

import type { RequestFacts } from '#access/caller/request-facts.ts'
import { answerFor } from '#access/decide/hypothetical.ts'
import { governed } from '#access/decide/objects/object-access.ts'
import { objectHref } from '#console/address.ts'
import { holderHref } from '#console/iam/holders/holders.ts'
import { openIam } from '#console/iam/open-iam.ts'
import { describeDecision } from '#console/iam/simulation/describe-decision.ts'
import { folderCrumbs, nameOf, parentOf } from '#console/objects/folder/folder.ts'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import type { Account } from '#identity/entities/account.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'
import { simulatedIdentity } from '#identity/principals/simulated-principal.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { ApiError } from '#model/errors.ts'
import type { ObjectVersion } from '#model/object/object.ts'

/** The number of users and of roles. */
const shownMax = 200

export const showReaders: Page = async (visit, services) => {
  const { bucket, key, versionId } = visit
  const { account, authorize } = openIam(visit, services)
  authorize('SimulatePrincipalPolicy', '*')
  const version = await services.store.findVersion(bucket.name, key, versionId)
  if (version === undefined || version.isDeleteMarker) throw new ApiError('NoSuchKey')
  const about = { visit, services, version, versionId, account: account.id }
  const readers = candidatesOf(account, services).map((candidate) => ({
    ...candidate,
    ...answerAbout(candidate.principal, about),
  }))
  const here = objectHref(bucket.name, key, 'object', versionId)
  return {
    view: 'objects/readers',
    title: `Who can read ${nameOf(key)}`,
    place: 'buckets',
    crumbs: [
      ...folderCrumbs(bucket.name, parentOf(key), false),
      { text: nameOf(key), href: here },
      { text: 'Who can read it' },
    ],
    locals: {
      name: nameOf(key),
      here,
      groups: [
        { title: 'Allowed', isAllowed: true, readers: readers.filter(({ isAllowed }) => isAllowed) },
        { title: 'Denied', isAllowed: false, readers: readers.filter(({ isAllowed }) => !isAllowed) },
      ],
      isCut: account.users.length > shownMax || account.roles.length > shownMax,
      isOwnBucket: services.identities.findAccount(bucket.ownerId) === account.id,
    },
  }
}

interface Candidate {
  readonly name: string
  readonly noun: string
  readonly href?: string
  readonly principal: Principal
}

function candidatesOf(account: Account, { identities: { directory } }: ConsoleServices): Candidate[] {
  const candidate = (noun: 'User' | 'Role', plural: string, named: { name: string; path: string }) => ({
    name: named.name,
    noun,
    href: holderHref(plural, named.name),
    principal: simulatedIdentity(directory, account, arnOf(account.id, noun === 'User' ? 'user' : 'role', named)),
  })
  return [
    { name: 'Everybody', noun: 'anonymous', principal: anonymous },
    ...account.users.slice(0, shownMax).map((user) => candidate('User', 'users', user)),
    ...account.roles.slice(0, shownMax).map((role) => candidate('Role', 'roles', role)),
  ]
}

interface About {
  readonly visit: Visit
  readonly services: ConsoleServices
  readonly version: ObjectVersion
  readonly versionId: string | undefined
  readonly account: string
}

/** Only the statements that apply. The simulator shows all others. */
function answerAbout(principal: Principal, { visit, services, version, versionId, account }: About) {
  const { authorizer } = services.access
  const { bucket, key } = visit
  const action = versionId === undefined ? 's3:GetObject' : 's3:GetObjectVersion'
  const resource = { bucket, key, object: governed(bucket, version) }
  const facts = factsFor(visit, principal, versionId)
  const { decision, policies } = answerFor(account, authorizer, authorizer.question(principal, action, resource, facts))
  return {
    isAllowed: decision.outcome === 'Allow',
    because: describeDecision(decision, action),
    policies: policies
      .map((trace) => ({ ...trace, statements: trace.statements.filter(({ applies }) => applies) }))
      .filter(({ statements }) => statements.length > 0),
  }
}

/** The facts as if each reader had sent the request from the visitor's address, now. */
function factsFor({ facts }: Visit, { isAnonymous }: Principal, versionId: string | undefined): RequestFacts {
  const { referer: _, ...headers } = facts.headers
  const keys = versionId === undefined ? {} : { 's3:versionid': versionId }
  return { ...facts, headers, keys, method: 'GET', caller: { via: isAnonymous ? 'anonymous' : 'header' } }
}
