import type { Effect } from './facts.ts'
import type { ConsoleServices, Page, Visit } from './page.ts'

export type Method = 'get' | 'post' | 'put' | 'delete'

/** Who may see a page: anybody, whoever has signed in, or those with an action on what the path names. */
export type Permission = 'anyone' | 'signed-in' | `s3:${string}` | `sts:${string}`

/** What a page will do, where the conditions of policies may ask for more than the resource. */
export type EffectOf = (visit: Visit, services: ConsoleServices) => Effect

export interface Route {
  readonly method: Method
  readonly path: string
  /** The page is about one object, which `key` in the query names. */
  readonly needsKey: boolean
  /** The page is about one version, which `versionId` in the query names: undefined if it ignores that, '' for the current version. */
  readonly versionId: string | undefined
  readonly permission: Permission
  readonly effect: EffectOf | undefined
  readonly page: Page
}

/**
 * `?key=` at the end of a path says that the page is about one object, and `&versionId=` after it that it is about one of its versions:
 * what is written there is the one taken if none is named.
 */
export function route(
  method: Method,
  address: string,
  permission: Permission,
  page: Page,
  effect?: EffectOf | Effect,
): Route {
  const [path = '', query] = address.split('?')
  return {
    method,
    path,
    needsKey: query !== undefined,
    versionId: /&versionId=(.*)$/.exec(query ?? '')?.[1],
    permission,
    effect: typeof effect === 'object' ? () => effect : effect,
    page,
  }
}
