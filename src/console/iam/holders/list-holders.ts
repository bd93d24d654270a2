import { mayShowDocument } from '#console/iam/document.ts'
import { namedPage } from '#console/iam/named-page.ts'
import { type Iam, openIam } from '#console/iam/open-iam.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import type { Account } from '#identity/entities/account.ts'
import { accountPart } from '#model/account.ts'
import { askedHolder, type Holder, type HolderDescription, holderHref, users } from './holders.ts'
import { trustTemplates } from './trust-templates.ts'

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
  const total = iam.account[plural].length
  const listed = { plural, ...rowsOf(visit, iam, description, services) }
  if (visit.query.get('part') === 'rows') return { view: 'iam/rows', title: '', isFragment: true, locals: listed }
  return {
    view: 'iam/list',
    title: { users: 'Users', groups: 'Groups', roles: 'Roles' }[plural],
    place: 'iam',
    crumbs: [{ text: 'Identities' }],
    scripts: plural === 'roles' ? ['list.js', 'iam.js'] : ['list.js'],
    status: problem?.status ?? 200,
    locals: {
      ...listed,
      noun,
      total,
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

/** The details of one page. */
function rowsOf(
  visit: Visit,
  { account }: Iam,
  { plural }: HolderDescription,
  { identities, config }: ConsoleServices,
) {
  const limit = config.uiPageSize
  if (plural === 'users') {
    const { page, ...rest } = namedPage(visit, account.users, limit)
    const rows = page.map((user) => ({
      ...rowOf(plural, user),
      groups: user.groups,
      keys: user.keys.length,
      isActive: user.login !== undefined || user.keys.some(({ status }) => status === 'Active'),
      lastUsedAtMs: latest(user.keys.map(({ id }) => identities.lastUsed.find(id)?.atMs)),
    }))
    return { ...rest, rows }
  }
  if (plural === 'groups') {
    const { page, ...rest } = namedPage(visit, account.groups, limit)
    const members = countMembers(account)
    const rows = page.map((group) => ({
      ...rowOf(plural, group),
      members: members.get(group.name.toLowerCase()) ?? 0,
    }))
    return { ...rest, rows }
  }
  const { page, ...rest } = namedPage(visit, account.roles, limit)
  return { ...rest, rows: page.map((role) => ({ ...rowOf(plural, role), description: role.description ?? '' })) }
}

const rowOf = (plural: string, { name, attached, inline }: Holder) => ({
  name,
  href: holderHref(plural, name),
  policies: attached.length + Object.keys(inline).length,
})

/** By the group's name in lower case. */
function countMembers({ users: all }: Account): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { groups } of all) {
    for (const name of groups) counts.set(name.toLowerCase(), (counts.get(name.toLowerCase()) ?? 0) + 1)
  }
  return counts
}

const latest = (moments: readonly (number | undefined)[]): number | undefined => {
  const known = moments.filter((moment) => moment !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}
