/** Managed policies: the account's own, which can be changed, and AWS's. */
import { pageOr } from '#console/answer/page-or.ts'
import { mayShowDocument } from '#console/iam/document.ts'
import { holderDescriptions, holderHref } from '#console/iam/holders/holders.ts'
import { namedPage } from '#console/iam/named-page.ts'
import { type Iam, openIam } from '#console/iam/open-iam.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import {
  addVersion,
  createPolicy,
  defaultVersionOf,
  deletePolicy,
  deleteVersion,
  getOwnPolicy,
  getPolicy,
} from '#identity/accounts/managed-policies.ts'
import { awsManagedPolicies } from '#identity/aws-policies/often-used.ts'
import type { Account } from '#identity/entities/account.ts'
import { namePattern } from '#identity/entities/entity.ts'
import { policyArn } from '#identity/entities/managed-policy.ts'
import { accountPart } from '#model/account.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import { parsePolicyText, policyHref, policyTemplates, warningsOf } from './policy-form.ts'

const versionsMax = 5

export const showPolicies: Page = (visit, services) => policiesView(visit, services)

function policiesView(visit: Visit, services: ConsoleServices, problem?: { text: string; status: number }): View {
  const iam = openIam(visit, services)
  const { account } = iam
  const arn = `arn:aws:iam::${accountPart(account.id)}:policy/`
  iam.authorize('ListPolicies', arn)
  const own = account.policies.map((policy) => ({ ...policy, arn: policyArn(account.id, policy), group: 0 }))
  const ofAws = [...awsManagedPolicies].map(([one, policy]) => ({ ...policy, arn: one, group: 1 }))
  const { page, filter, next } = namedPage(visit, [...own, ...ofAws], services.config.uiPageSize)
  const holders = countHolders(account)
  const rows = page.map(({ name, arn: one, group }) => ({
    name,
    isAws: group === 1,
    href: policyHref(one),
    holders: holders.get(one) ?? 0,
  }))
  if (visit.query.get('part') === 'rows') {
    return { view: 'iam/policy-rows', title: '', isFragment: true, locals: { rows, next } }
  }
  return {
    view: 'iam/policies',
    title: 'Policies',
    place: 'iam',
    crumbs: [{ text: 'Identities' }],
    scripts: ['list.js', 'iam.js'],
    status: problem?.status ?? 200,
    locals: {
      rows,
      next,
      filter,
      templates: policyTemplates,
      mayCreate: iam.may('CreatePolicy', `${arn}*`),
      typed: { name: visit.form.get('name') ?? '', document: visit.form.get('document') ?? policyTemplates[0][1] },
      problem: problem?.text,
      mayShowDocument: mayShowDocument(visit, services),
    },
  }
}

export const createManagedPolicy: Page = async (visit, services) => {
  const iam = openIam(visit, services)
  const name = visit.form.get('name')?.trim() ?? ''
  const arn = policyArn(iam.account.id, { path: '/', name })
  try {
    if (!namePattern.test(name)) {
      throw new ApiError('ValidationError', { message: 'A policy needs a name: letters, digits and _+=,.@-.' })
    }
    const document = parsePolicyText(visit.form.get('document') ?? '')
    iam.authorize('CreatePolicy', arn)
    const given = { name, path: '/', description: undefined, document }
    await iam.change((account, nowMs) => createPolicy(account, given, nowMs))
  } catch (error) {
    const refusal = refusalOf(error)
    return pageOr(refusal, () => policiesView(visit, services, { text: refusal.message, status: refusal.status }))
  }
  return { redirect: policyHref(arn), notice: { kind: 'done', text: `Policy ${name} created` } }
}

export const showManagedPolicy: Page = (visit, services) => policyView(visit, openIam(visit, services))

function policyView(visit: Visit, iam: Iam, problem?: { text: string; status: number }): View {
  const arn = visit.query.get('arn') ?? ''
  iam.authorize('GetPolicy', arn)
  const policy = getPolicy(iam.account, arn)
  const isOwn = iam.account.policies.includes(policy)
  const version = defaultVersionOf(policy)
  return {
    view: 'iam/policy',
    title: policy.name,
    place: 'iam',
    crumbs: [{ text: 'Identities', href: '/ui/iam/policies' }, { text: policy.name }],
    scripts: ['iam.js'],
    status: problem?.status ?? 200,
    locals: {
      arn,
      policy,
      version,
      href: policyHref(arn),
      document: visit.form.get('document') ?? JSON.stringify(version.document, null, 2),
      warnings: isOwn ? warningsOf(version.document) : [],
      holders: holdersOf(iam.account, arn),
      mayChange: isOwn && iam.may('CreatePolicyVersion', arn),
      mayDelete:
        isOwn && iam.may('DeletePolicy', arn) && (policy.versions.length === 1 || iam.may('DeletePolicyVersion', arn)),
      problem: problem?.text,
    },
  }
}

/** Creates a new version, which is in force at once. It replaces the oldest version that is not in force. */
export const saveManagedPolicy: Page = async (visit, services) => {
  const iam = openIam(visit, services)
  const arn = visit.query.get('arn') ?? ''
  try {
    const document = parsePolicyText(visit.form.get('document') ?? '')
    iam.authorize('CreatePolicyVersion', arn)
    await iam.change((account, nowMs) => {
      const policy = getOwnPolicy(account, arn)
      const oldest = policy.versions.find(({ id }) => id !== policy.defaultVersion)
      if (policy.versions.length >= versionsMax && oldest !== undefined) {
        iam.authorize('DeletePolicyVersion', arn)
        deleteVersion(policy, arn, oldest.id, nowMs)
      }
      addVersion(policy, document, { isDefault: true, nowMs })
    })
  } catch (error) {
    const refusal = refusalOf(error)
    return pageOr(refusal, () => policyView(visit, iam, { text: refusal.message, status: refusal.status }))
  }
  return { redirect: policyHref(arn), notice: { kind: 'done', text: 'Policy saved as a new version' } }
}

export const deleteManagedPolicy: Page = async (visit, services) => {
  const iam = openIam(visit, services)
  const arn = visit.query.get('arn') ?? ''
  iam.authorize('DeletePolicy', arn)
  try {
    await iam.change((account) => {
      const policy = getOwnPolicy(account, arn)
      if (policy.versions.length > 1) iam.authorize('DeletePolicyVersion', arn)
      policy.versions = policy.versions.filter(({ id }) => id === policy.defaultVersion)
      deletePolicy(account, arn)
    })
  } catch (error) {
    const refusal = refusalOf(error)
    return pageOr(refusal, () => policyView(visit, iam, { text: refusal.message, status: refusal.status }))
  }
  return { redirect: '/ui/iam/policies', notice: { kind: 'done', text: 'Policy deleted' } }
}

/** The number of holders, by the policy's ARN. */
function countHolders(account: Account): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { plural } of holderDescriptions) {
    for (const { attached } of account[plural]) {
      for (const arn of attached) counts.set(arn, (counts.get(arn) ?? 0) + 1)
    }
  }
  return counts
}

function holdersOf(account: Account, arn: string) {
  return holderDescriptions.flatMap(({ plural, noun }) =>
    account[plural]
      .filter(({ attached }) => attached.includes(arn))
      .map(({ name }) => ({ noun, name, href: holderHref(plural, name) })),
  )
}
