/** Tags of a version. Conditions may depend on the present and on the new tags. */
import type { ObjectVersion } from '#model/object/object.ts'
import { assertTags, hasSameTags, type NamedTags, type Tags, withTags } from '#model/tags.ts'
import type { Actor } from '#objects/actor.ts'
import type { Store } from '#store/contract.ts'
import { changeVersion, type ObjectAddress } from './change-version.ts'

export interface NewTags extends ObjectAddress {
  readonly named: NamedTags
  /** The error of reading the tags. */
  readonly fault?: unknown
}

/** BadRequest, InvalidTag, or the fault. Only callers who may tag the version get them. */
export function putTags(store: Store, actor: Actor, { named, fault, ...address }: NewTags): Promise<ObjectVersion> {
  return changeTags(store, actor, { ...address, verb: 'Put', objectTags: named }, () => {
    if (fault !== undefined) throw fault
    return assertTags(named, 'object')
  })
}

export function deleteTags(store: Store, actor: Actor, address: ObjectAddress): Promise<ObjectVersion> {
  return changeTags(store, actor, { ...address, verb: 'Delete', objectTags: [] }, () => undefined)
}

function changeTags(
  store: Store,
  actor: Actor,
  { verb, ...asked }: ObjectAddress & { readonly verb: 'Put' | 'Delete'; readonly objectTags: NamedTags },
  read: () => Tags | undefined,
): Promise<ObjectVersion> {
  const action = `s3:${verb}Object${asked.versionId === undefined ? '' : 'Version'}Tagging`
  const change = (judged: ObjectVersion) => {
    const tags = read()
    return (stored: ObjectVersion) => (hasSameTags(stored, judged) ? withTags(stored, tags) : undefined)
  }
  return changeVersion(store, actor, { ...asked, action, change })
}
