import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import type { Account } from '#identity/account.ts'
import { membersOf } from '#identity/group.ts'
import { accountPart } from '#identity/principal-arn.ts'
import { mayShowDocument } from './document.ts'
import { askedHolder, type HolderDescription, holderHref, users } from './holders.ts'
import { type Iam, openIam } from './open-iam.ts'
import { trustTemplates } from './trust-templates.ts'

const shownMax = 1000

export const showUsers: Page = (visit, services) => listView(visit, services, users)

export const showHolders: Page = (visit, services) => listView(visit, services, askedHolder(visit).description)

export function listView(
  visit: Visit,
  services: ConsoleServices,
  description: HolderDescription,
  problem?: { readonly text: string; readonly status: number; readonly name: string },
): View {
  const iam = openIam(visit, services)
  const { plural, noun, kind } = description
  const arn = `arn:aws:iam::${accountPart(iam.account.id)}:${kind.label}/`
  iam.authorize(`List${noun}s`, arn)
  const filter = visit.query.get('filter')?.trim().toLowerCase() ?? ''
  const rows = rowsOf(iam, description, services)
  return {
    view: 'iam/list',
    title: { users: 'Users', groups: 'Groups', roles: 'Roles' }[plural],
    place: 'iam',
    crumbs: [{ text: 'Identities' }],
    scripts: plural === 'roles' ? ['rows.js', 'iam.js'] : ['rows.js'],
    status: problem?.status ?? 200,
    locals: {
      plural,
      noun,
      filter,
      total: rows.length,
      rows: rows.filter(({ name }) => name.toLowerCase().includes(filter)).slice(0, shownMax),
      mayCreate: iam.may(`Create${noun}`, `${arn}*`),
      problem: problem?.text,
      typed: problem?.name ?? '',
      mayShowDocument: mayShowDocument(visit, services),
      ...(plural === 'roles' ? roleForm(visit, iam.account) : {}),
    },
  }
}

function roleForm({ form }: Visit, account: Account) {
  const templates = trustTemplates(account)
  return {
    templates,
    typedRole: {
      description: form.get('description') ?? '',
      minutes: form.get('minutes') ?? '60',
      trust: form.get('trust') ?? templates[0]?.text ?? '',
    },
  }
}

function rowsOf({ account }: Iam, { plural }: HolderDescription, { identities }: ConsoleServices) {
  if (plural === 'users') {
    return account.users.map((user) => ({
      name: user.name,
      href: holderHref(plural, user.name),
      policies: user.attached.length + Object.keys(user.inline).length,
      groups: user.groups,
      keys: user.keys.length,
      isActive: user.login !== undefined || user.keys.some(({ status }) => status === 'Active'),
      lastUsedAtMs: latest(user.keys.map(({ id }) => identities.lastUsed.find(id)?.atMs)),
    }))
  }
  if (plural === 'groups') {
    return account.groups.map((group) => ({
      name: group.name,
      href: holderHref(plural, group.name),
      policies: group.attached.length + Object.keys(group.inline).length,
      members: membersOf(account, group).length,
    }))
  }
  return account.roles.map((role) => ({
    name: role.name,
    href: holderHref(plural, role.name),
    policies: role.attached.length + Object.keys(role.inline).length,
    description: role.description ?? '',
  }))
}

const latest = (moments: readonly (number | undefined)[]): number | undefined => {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
