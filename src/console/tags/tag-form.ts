/** The form that edits the tags of a bucket, an object or a key: all of them at once, as S3 sets them. */
import type { Crumb, View } from '#console/page.ts'
import { ApiError } from '#model/errors.ts'
import type { NamedTags } from '#model/tags.ts'

export interface TagForm {
  readonly of: string
  readonly action: string
  /** The page after Cancel and after saving. */
  readonly back: string
  readonly crumbs: readonly Crumb[]
  /** The section in the navigation; by default the buckets. */
  readonly place?: View['place']
  readonly hint: string
}

export function tagView(form: TagForm, tags: NamedTags, problem?: ApiError): View {
  return {
    view: 'tags/tags',
    title: `Tags of ${form.of}`,
    place: form.place ?? 'buckets',
    isDialog: true,
    status: problem?.status ?? 200,
    crumbs: form.crumbs,
    locals: { ...form, tags, problem: problem?.message },
  }
}

/** Rows without a key and a value are left out. */
export function tagsIn(form: URLSearchParams): NamedTags {
  const values = form.getAll('value')
  return form
    .getAll('name')
    .map((name, at) => [name.trim(), values[at]?.trim() ?? ''] as const)
    .filter(([name, value]) => name !== '' || value !== '')
}

/** Errors that the visitor can correct are shown beside the typed values; all others are thrown again. */
export function problemOf(error: unknown): ApiError {
  if (
    error instanceof ApiError &&
    /^(InvalidTag|BadRequest|AccessDenied|KMS\.(Tag|LimitExceeded|KMSInvalidState)Exception)$/.test(error.code)
  )
    return error
  throw error
}
