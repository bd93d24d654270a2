import type { Page } from '#console/page.ts'

/**
 * For scripts of a page that was open while the session ended and the visitor signed in again: its token is outdated.
 */
export const showToken: Page = () => ({ view: 'sign-in/token', title: '', isFragment: true })
