import type { Page } from './page.ts'

export type Method = 'get' | 'post' | 'put' | 'delete'

/** Who may see a page: anybody, whoever has signed in, or those with an action on what the path names. */
export type Permission = 'anyone' | 'signed-in' | `s3:${string}` | `sts:${string}`

export interface Route {
  readonly method: Method
  readonly path: string
  /** The page is about one object, which `key` in the query names. */
  readonly needsKey: boolean
  readonly permission: Permission
  readonly page: Page
}

/** `?key=` at the end of a path says that the page is about one object. */
export function route(method: Method, address: string, permission: Permission, page: Page): Route {
  const path = address.replace(/\?key=$/, '')
  return { method, path, needsKey: path !== address, permission, page }
}
