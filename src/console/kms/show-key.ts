import type { ConsoleServices, Page, View, Visit } from '#console/page.ts'
import { mayStartJobs } from '#console/system/background-work.ts'
import type { KeyEntry } from '#keyring/key-document.ts'
import { viewOf } from '#keyring/key-lookup.ts'
import type { KeyUses } from '#model/key-uses.ts'
import { findKeyUses } from '#store/key-uses.ts'
import { mayTagKey } from './key-tags.ts'
import { type Kms, keyHref, openKms } from './open-kms.ts'

export interface KeyProblem {
  /** The card that shows it. */
  readonly where: 'description' | 'aliases' | 'rotation' | 'policy' | 'state'
  readonly text: string
  readonly status: number
}

const changes = [
  ...['UpdateKeyDescription', 'CreateAlias', 'DeleteAlias', 'EnableKeyRotation', 'DisableKeyRotation'],
  ...['RotateKeyOnDemand', 'PutKeyPolicy', 'EnableKey', 'DisableKey', 'ScheduleKeyDeletion', 'CancelKeyDeletion'],
] as const

export const showKey: Page = async (visit, services) => {
  const kms = openKms(visit, services)
  return keyView(visit, services, kms, await findKeyUses(services.engine))
}

export function keyView(
  visit: Visit,
  services: ConsoleServices,
  kms: Kms,
  uses: KeyUses | undefined,
  problem?: KeyProblem,
): View {
  const { keyring, keyPolicies } = services
  const key = kms.get(visit.params.id ?? '')
  kms.authorize('DescribeKey', key)
  const view = viewOf(keyring.keys, key)
  const title = view.aliases[0] ?? key.id
  return {
    view: 'kms/key',
    title,
    place: 'kms',
    crumbs: [{ text: 'KMS keys', href: '/ui/kms' }, { text: title }],
    scripts: ['iam.js', 'key.js'],
    status: problem?.status ?? 200,
    locals: {
      title,
      key,
      arn: view.arn,
      base: keyHref(key.id),
      state: view.state,
      aliases: view.aliases,
      tags: Object.entries(view.tags),
      uses: uses && { count: uses.counts[view.arn] ?? 0, countedAtMs: uses.countedAtMs },
      policy: visit.form.get('policy') ?? (kms.may('GetKeyPolicy', key) ? keyPolicies.format(view) : undefined),
      isPolicyValid: keyPolicies.policyOf(view) !== 'invalid',
      may: permissionsOn(kms, key),
      mayTag: mayTagKey(kms, key),
      mayCount: mayStartJobs(visit, services),
      problem,
    },
  }
}

/** The actions that the page offers: none that the state of the key refuses. */
function permissionsOn(kms: Kms, key: KeyEntry): Record<string, boolean> {
  const isOwn = key.manager === 'CUSTOMER'
  const isPending = key.deletesAt !== undefined
  const isOffered = (action: (typeof changes)[number]) => isOwn && isPending === (action === 'CancelKeyDeletion')
  const isPossible = (action: (typeof changes)[number]) => isOffered(action) || (isOwn && action === 'DeleteAlias')
  return Object.fromEntries(changes.map((action) => [action, isPossible(action) && kms.may(action, key)]))
}
