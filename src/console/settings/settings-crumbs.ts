import { bucketHref } from '#console/address.ts'
import type { Crumb } from '#console/page.ts'

/** Breadcrumbs of the settings, or of a question about them. */
export function settingsCrumbs(bucket: string, question?: string): Crumb[] {
  const settings = { text: 'Settings', href: bucketHref(bucket, 'settings') }
  return [
    { text: 'Buckets', href: '/ui/buckets' },
    { text: bucket, href: bucketHref(bucket) },
    ...(question === undefined ? [{ text: settings.text }] : [settings, { text: question }]),
  ]
}
