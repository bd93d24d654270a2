import { type Iam, openIam } from '#console/iam/open-iam.ts'
import { policyTemplates, warningsOf } from '#console/iam/policies/policy-form.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { getGroup, membersOf } from '#identity/accounts/groups.ts'
import { getRole } from '#identity/accounts/roles.ts'
import { getUser } from '#identity/accounts/users.ts'
import { awsManagedPolicies } from '#identity/aws-policies/often-used.ts'
import { isExpired } from '#identity/entities/access-key.ts'
import type { Account } from '#identity/entities/account.ts'
import { policyArn } from '#identity/entities/managed-policy.ts'
import { askedHolder, groups, type Holder, type HolderDescription, holderArn } from './holders.ts'
import { removalSteps } from './removal-steps.ts'
import { trustTemplates } from './trust-templates.ts'

export const showHolder: Page = (visit, services) => {
  const { description, name } = askedHolder(visit)
  return holderView(visit, services, description, name)
}

export interface HolderProblem {
  readonly where:
    | 'policies'
    | 'inline'
    | 'boundary'
    | 'keys'
    | 'groups'
    | 'password'
    | 'trust'
    | 'session'
    | 'tags'
    | 'danger'
  readonly text: string
  readonly status: number
}

export function holderView(
  visit: Visit,
  services: ConsoleServices,
  description: HolderDescription,
  name: string,
  problem?: HolderProblem,
): View {
  const iam = openIam(visit, services)
  const { account } = iam
  const { plural, noun, get } = description
  const arn = holderArn(account, description, name)
  iam.authorize(`Get${noun}`, arn)
  const holder = get(account, name)
  return {
    view: 'iam/holder',
    title: holder.name,
    place: 'iam',
    crumbs: [{ text: 'Identities', href: `/ui/iam/${plural}` }, { text: holder.name }],
    scripts: ['iam.js'],
    status: problem?.status ?? 200,
    locals: {
      plural,
      noun,
      arn,
      holder,
      inline: Object.entries(holder.inline).map(([policyName, text]) => ({
        name: policyName,
        text: JSON.stringify(text, null, 2),
        warnings: warningsOf(text),
      })),
      attachable: attachablePolicies(account).filter(({ arn: one }) => !holder.attached.includes(one)),
      problem,
      draft: visit.form.get('document') ?? visit.query.get('draft') ?? undefined,
      typedName: visit.form.get('policyName') ?? '',
      template: policyTemplates[1][1],
      may: policyRights(iam, noun, arn),
      maySimulate: iam.may('SimulatePrincipalPolicy', arn),
      mayDelete: removalSteps(account, description, name).every((step) => iam.may(step.action, step.arn, step.keys)),
      ...(plural === 'groups' ? {} : boundaryFacts(iam, description, holder)),
      ...(plural === 'groups' ? {} : tagFacts(visit, iam, description, holder.name)),
      ...(plural === 'users' ? userFacts(iam, holder.name, arn, services) : {}),
      ...(plural === 'groups' ? { members: membersOf(account, getGroup(account, holder.name)) } : {}),
      ...(plural === 'roles' ? roleFacts(visit, iam, holder.name, arn, services) : {}),
    },
  }
}

/** The actions that the page offers. Conditions on the policy are evaluated when it is attached. */
function policyRights({ may }: Iam, noun: string, arn: string) {
  return {
    attach: may(`Attach${noun}Policy`, arn),
    detach: may(`Detach${noun}Policy`, arn),
    put: may(`Put${noun}Policy`, arn),
    remove: may(`Delete${noun}Policy`, arn),
  }
}

function boundaryFacts({ account, may }: Iam, description: HolderDescription, { name, boundary }: Holder) {
  const arn = holderArn(account, description, name)
  return {
    boundaries: attachablePolicies(account).filter((policy) => policy.arn !== boundary),
    maySetBoundary: may(`Put${description.noun}PermissionsBoundary`, arn),
    mayLiftBoundary: may(`Delete${description.noun}PermissionsBoundary`, arn),
  }
}

function tagFacts({ form }: Visit, iam: Iam, description: HolderDescription, name: string) {
  const arn = holderArn(iam.account, description, name)
  const { tags } = description.plural === 'users' ? getUser(iam.account, name) : getRole(iam.account, name)
  return {
    tags: Object.entries(tags),
    mayTag: iam.may(`Tag${description.noun}`, arn),
    mayUntag: iam.may(`Untag${description.noun}`, arn),
    typedTag: { key: form.get('key') ?? '', value: form.get('value') ?? '' },
  }
}

function roleFacts({ form }: Visit, iam: Iam, name: string, arn: string, { identities }: ConsoleServices) {
  const role = getRole(iam.account, name)
  return {
    trust: form.get('trust') ?? JSON.stringify(role.trust, null, 2),
    templates: trustTemplates(iam.account),
    description: form.get('description') ?? role.description ?? '',
    minutes: form.get('minutes') ?? String(Math.round(role.maxSessionSeconds / 60)),
    lastUse: identities.lastUsed.find(role.id),
    mayTrust: iam.may('UpdateAssumeRolePolicy', arn),
    mayUpdate: iam.may('UpdateRole', arn),
  }
}

function userFacts({ account, may }: Iam, name: string, arn: string, { identities, clock }: ConsoleServices) {
  const user = getUser(account, name)
  const ofGroup = (action: string) => (group: string) => may(action, holderArn(account, groups, group))
  return {
    mayKeys: {
      create: may('CreateAccessKey', arn),
      update: may('UpdateAccessKey', arn),
      remove: may('DeleteAccessKey', arn),
    },
    mayPassword: {
      set: may(user.login === undefined ? 'CreateLoginProfile' : 'UpdateLoginProfile', arn),
      remove: may('DeleteLoginProfile', arn),
    },
    keys: user.keys.map((key) => ({
      id: key.id,
      isActive: key.status === 'Active',
      createdAtMs: Date.parse(key.createdAt),
      expiresAtMs: key.expiresAt === undefined ? undefined : Date.parse(key.expiresAt),
      expires: key.expiresAt?.slice(0, 16) ?? '',
      isExpired: isExpired(key, clock.nowMs()),
      isLimited: key.policies !== undefined,
      lastUse: identities.lastUsed.find(key.id),
    })),
    groups: user.groups.map((group) => ({ name: group, mayLeave: ofGroup('RemoveUserFromGroup')(group) })),
    otherGroups: account.groups
      .map((group) => group.name)
      .filter((group) => !user.groups.includes(group))
      .filter(ofGroup('AddUserToGroup')),
    login: user.login,
  }
}

/** The account's own policies, and AWS's. */
export function attachablePolicies(account: Account): { name: string; arn: string; isAws: boolean }[] {
  const own = account.policies.map((policy) => ({
    name: policy.name,
    arn: policyArn(account.id, policy),
    isAws: false,
  }))
  const ofAws = [...awsManagedPolicies].map(([arn, { name }]) => ({ name, arn, isAws: true }))
  return [...own, ...ofAws]
}
