/** An error as a helpful page, or as JSON for scripts. Bugs are shown without detail. */
import type { Request } from 'express'
import type { Answer } from '#console/page.ts'
import { wantsJson } from '#console/visit/wants-json.ts'
import type { Principal } from '#model/account.ts'
import { ApiError, asApiError } from '#model/errors.ts'

export function describeFailure(error: unknown, request: Request, principal: Principal | undefined): Answer {
  const shown = toApiError(error)
  const { code, status, message } = shown
  if (wantsJson(request)) return { status, json: { error: code, message } }
  const common = { status, isBare: principal === undefined }
  if (status === 403) {
    return {
      ...common,
      view: 'errors/denied',
      title: 'Access denied',
      locals: { message, who: principal?.displayName },
    }
  }
  if (status === 404) {
    const what = missing[code] ?? missing.page
    return { ...common, view: 'errors/missing', title: 'Not found', locals: { what } }
  }
  return {
    ...common,
    view: 'errors/failed',
    title: status >= 500 ? 'Something went wrong' : 'The request failed',
    locals: { message: status >= 500 && code === 'InternalError' ? shown.fields.Reason : message },
  }
}

const missing: Readonly<Record<string, { title: string; text: string }>> = {
  NoSuchBucket: {
    title: 'Bucket not found',
    text: 'It may have been deleted, or the address may be mistyped.',
  },
  NoSuchVersion: { title: 'Version not found', text: 'It may have been deleted.' },
  page: {
    title: 'Not found',
    text: 'It may have been moved or deleted, or the address may be mistyped.',
  },
}

export function toApiError(error: unknown): ApiError {
  const isBadAddress =
    error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400)
  return isBadAddress && !(error instanceof ApiError) ? new ApiError('InvalidURI') : asApiError(error)
}
