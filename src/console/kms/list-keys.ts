import { pageOr } from '#console/answer/page-or.ts'
import { namedPage } from '#console/iam/named-page.ts'
import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { assertAliasName, createAlias } from '#keyring/changes/aliases.ts'
import { createKey, defaultKeyPolicy } from '#keyring/changes/create-key.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { aliasArn, viewOf } from '#keyring/key-lookup.ts'
import { hasRegion } from '#model/bucket/bucket-region.ts'
import { ApiError, refusalOf } from '#model/errors.ts'
import type { KeyUses } from '#model/key-uses.ts'
import { findKeyUses } from '#store/key-uses.ts'
import { type Kms, keyHref, openKms } from './open-kms.ts'

interface Problem {
  readonly text: string
  readonly status: number
}

export const showKeys: Page = async (visit, services) => keysView(visit, services, await findKeyUses(services.engine))

function keysView(visit: Visit, services: ConsoleServices, uses: KeyUses | undefined, problem?: Problem): View {
  const kms = openKms(visit, services)
  kms.authorizeArn('ListKeys', '*')
  const { config } = services
  const { page, filter, next } = namedPage(visit, namedKeys(kms, services), config.uiPageSize)
  const rows = page.map(({ key }) => describeRow(kms, services, key, uses))
  if (visit.query.get('part') === 'rows') {
    return { view: 'kms/rows', title: '', isFragment: true, locals: { rows, next } }
  }
  const { form } = visit
  return {
    view: 'kms/list',
    title: 'KMS keys',
    place: 'kms',
    crumbs: [{ text: 'KMS keys' }],
    scripts: ['list.js'],
    status: problem?.status ?? 200,
    locals: {
      rows,
      next,
      filter,
      mayCreate: kms.mayArn('CreateKey', '*'),
      typed: {
        alias: form.get('alias') ?? '',
        description: form.get('description') ?? '',
        region: form.get('region') ?? config.region,
      },
      problem: problem?.text,
    },
  }
}

/** Sorted by alias; keys without one are last. */
function namedKeys({ keys }: Kms, { keyring }: ConsoleServices) {
  return keys.map((key) => {
    const [alias] = viewOf(keyring.keys, key).aliases
    return { key, name: `${alias ?? ''} ${key.id} ${key.description}`, group: alias === undefined ? 1 : 0 }
  })
}

/** The data of a key that the visitor may see in a list. */
function describeRow(kms: Kms, { keyring }: ConsoleServices, key: KeyEntry, uses: KeyUses | undefined) {
  const { id, arn, region, state, manager, aliases } = viewOf(keyring.keys, key)
  const isSeen = kms.may('DescribeKey', key)
  return {
    id,
    href: keyHref(id),
    region,
    manager,
    aliases,
    isSeen,
    state: isSeen ? state : undefined,
    description: isSeen ? key.description : '',
    uses: uses === undefined ? undefined : (uses.counts[arn] ?? 0),
  }
}

export const createKmsKey: Page = async (visit, services) => {
  const kms = openKms(visit, services)
  const { keyring, keyPolicies, config } = services
  const read = (name: string) => visit.form.get(name)?.trim() ?? ''
  const [typed, description, region] = [read('alias'), read('description'), read('region')]
  const alias = typed === '' || typed.startsWith('alias/') ? typed : `alias/${typed}`
  const place = { account: kms.account, region }
  try {
    if (!hasRegion(config, region)) throw invalid(`${region || 'Nothing'} is not a region of this server.`)
    if (description.length > 8192) throw invalid('A description has up to 8192 characters.')
    if (alias !== '') assertAliasName(alias)
    kms.authorizeArn('CreateKey', '*')
    if (alias !== '') kms.authorizeArn('CreateAlias', aliasArn(place, alias))
    const policy = keyPolicies.parse(JSON.stringify(defaultKeyPolicy(kms.account)))
    const key = await createKey(keyring, { place, description, tags: {}, ...policy })
    if (alias !== '') {
      kms.authorize('CreateAlias', key)
      await createAlias(keyring, place, alias, key)
    }
    return { redirect: keyHref(key.id), notice: { kind: 'done', text: 'Key created' } }
  } catch (error) {
    const { message: text, status } = refusalOf(error)
    const uses = await findKeyUses(services.engine)
    return pageOr(refusalOf(error), () => keysView(visit, services, uses, { text, status }))
  }
}

const invalid = (message: string) => new ApiError('ValidationException', { message })
