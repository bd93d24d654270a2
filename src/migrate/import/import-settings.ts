/** Imports bucket settings: those that objects depend on before the objects, the others after them. */
import { type SourceSetting, sourceSettings } from '#migrate/source/setting-name.ts'
import { isRefusal } from '#migrate/source/source.ts'
import { ApiError } from '#model/errors.ts'
import type { ImportContext } from './context.ts'

export interface BucketNames {
  readonly from: string
  readonly to: string
}

/** Settings that apply to new versions. */
const first: readonly SourceSetting[] = ['versioning', 'ownershipControls', 'encryption']
const last = sourceSettings.filter((name) => !first.includes(name))

export function importFirstSettings(context: ImportContext, names: BucketNames): Promise<void> {
  return importSettings(context, names, first)
}

export function importLastSettings(context: ImportContext, names: BucketNames): Promise<void> {
  return importSettings(context, names, last)
}

async function importSettings(context: ImportContext, names: BucketNames, settings: readonly SourceSetting[]) {
  for (const setting of settings) {
    if (!isLeftOut(context, setting)) await importSetting(context, names, setting)
  }
}

function isLeftOut({ without }: ImportContext, setting: SourceSetting): boolean {
  if (setting === 'versioning') return without.has('versions')
  if (without.has('settings')) return true
  if (setting === 'object-lock') return without.has('locks')
  return (setting === 'policy' || setting === 'encryption') && without.has(setting)
}

async function importSetting(context: ImportContext, { from, to }: BucketNames, setting: SourceSetting): Promise<void> {
  const { source, report, isDry, putSetting } = context
  const note = (what: string) => report.note(what, from)
  const document = await source.setting(from, setting)
  if (document === undefined) return
  if (isRefusal(document)) {
    if (!document.isUnserved) note(`the bucket setting ${setting} could not be read (${document.reason})`)
    return
  }
  if (!says(setting, document.toString())) return
  if (setting === 'acl') return note('the access control list of the bucket is not taken')
  if (setting === 'ownershipControls' && !document.includes('BucketOwnerEnforced')) {
    note('access control lists of objects are not taken')
  }
  if (setting === 'encryption' && document.includes('aws:kms')) {
    return note('the default encryption is not taken, since its key is in the KMS of the source')
  }
  if (isDry) return
  try {
    const isServed = await putSetting(to, setting, document)
    if (!isServed) note(`the bucket setting ${setting} is not served here`)
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    note(`the bucket setting ${setting} could not be taken (${error.code}: ${error.message})`)
  }
}

/** Whether the document sets anything: some settings are answered even if they are not set. */
function says(setting: SourceSetting, document: string): boolean {
  switch (setting) {
    case 'acl':
      return (document.match(/<(?:\w+:)?Grant>/g) ?? []).length > 1
    case 'versioning':
    case 'accelerate':
      return /<(?:\w+:)?Status>/.test(document)
    case 'abac':
      return document.includes('>Enabled<')
    case 'requestPayment':
      return document.includes('>Requester<')
    case 'logging':
      return document.includes('LoggingEnabled')
    case 'notification':
      return /Queue|Topic|CloudFunction|EventBridge/.test(document)
    default:
      return true
  }
}
