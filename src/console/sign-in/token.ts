import type { Page } from '#console/page.ts'

/** For scripts of a page that was open while its session ended and the visitor signed in again: its token is of the old one. */
export const showToken: Page = () => ({ view: 'sign-in/token', title: '', isFragment: true })
