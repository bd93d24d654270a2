import type { Effect } from './facts.ts'
import type { ConsoleServices, Page, Visit } from './page.ts'

export type Method = 'get' | 'post' | 'put' | 'delete'

/** Visitors who may see a page: all, those who signed in, or those with an action on the resource in the path. */
export type Permission = 'anyone' | 'signed-in' | `s3:${string}` | `sts:${string}`

/** The effect of the page, if conditions of policies may depend on more than the resource. */
export type EffectOf = (visit: Visit, services: ConsoleServices) => Effect

export interface Route {
  readonly method: Method
  readonly path: string
  /** The page is about one object, named by `key` in the query. */
  readonly needsKey: boolean
  /**
   * The page is about one version, named by `versionId` in the query. If undefined, the page ignores that parameter. ''
   * means the current version by default.
   */
  readonly versionId: string | undefined
  readonly permission: Permission
  readonly effect: EffectOf | undefined
  readonly page: Page
}

/**
 * `?key=` at the end of a path means that the page is about one object. `&versionId=` after it means that it is about
 * one of its versions: the value written there is the default.
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
