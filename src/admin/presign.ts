/** `{"method": "GET"|"PUT"|"DELETE", "expires_in": seconds}` → `{"url", "method", "expires_in"}`. */
import * as z from 'zod'
import { callerHeaders } from '#access/caller/caller-headers.ts'
import type { RequestFacts } from '#access/caller/request-facts.ts'
import { hideMissingObject } from '#access/decide/missing-object.ts'
import { authorizeOnObject } from '#access/decide/object-access.ts'
import { Identity } from '#identity/identity.ts'
import { awsEncode } from '#lib/text/uri.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { assertKey } from '#model/object.ts'
import { presignV4 } from '#signature/presign.ts'
import { type AdminAnswer, type AdminOptions, type AdminRequest, factsOf } from './routes.ts'

const schema = z.object({
  method: z.enum(['GET', 'PUT', 'DELETE']).default('GET'),
  expires_in: z.int().min(1).max(limits.presignSecondsMax).default(900),
})

const actions = { GET: 's3:GetObject', PUT: 's3:PutObject', DELETE: 's3:DeleteObject' } as const

export async function presign(options: AdminOptions, asked: AdminRequest): Promise<AdminAnswer> {
  const { store, gatekeeper } = options.services
  const { caller, bucketName, key, request } = asked
  assertKey(key)
  const { method, expires_in: expiresSeconds } = parse(asked.body)
  const bucket = await store.getBucket(bucketName)
  const { principal } = caller
  const action = actions[method]
  const facts = factsOfLink(asked)
  await authorizeOnObject({ store, gatekeeper }, { principal, action, bucket, key, versionId: undefined, facts })
  if (!(principal instanceof Identity)) {
    const error = new ApiError('AccessDenied', {
      cause: new Error('Nobody has signed, and nobody could sign the URL.'),
    })
    throw gatekeeper.noteRefusal(error, principal, action, { bucket, key }, facts)
  }
  const { accessKeyId, secretAccessKey, sessionToken } = principal
  if (method !== 'PUT') {
    await store.headObject(bucketName, key, undefined).catch((error: unknown) => {
      throw hideMissingObject(error, { principal, bucket, key, facts }, gatekeeper)
    })
  }
  const isSecure = 'encrypted' in request.socket && request.socket.encrypted === true
  const base = options.apiBaseUrl ?? `${isSecure ? 'https' : 'http'}://${request.headers.host ?? ''}`
  const url = presignV4({
    method,
    url: base,
    path: `/${bucketName}/${awsEncode(key, { keepSlash: true })}`,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    region: options.region,
    service: options.service,
    expiresSeconds,
    nowMs: Date.now(),
  })
  return { status: 200, json: JSON.stringify({ url, method, expires_in: expiresSeconds }) }
}

/** As whoever follows the link will ask: with a signature in the query. */
function factsOfLink(asked: AdminRequest): RequestFacts {
  const signature = { version: 'AWS4-HMAC-SHA256', timestamp: undefined } as const
  return { ...factsOf(asked), headers: callerHeaders(asked.request.headers), caller: { via: 'query', signature } }
}

function parse(body: Buffer): z.infer<typeof schema> {
  let value: unknown
  try {
    value = body.length === 0 ? {} : JSON.parse(body.toString())
  } catch {
    throw new ApiError('InvalidRequest', { message: 'The body must be a JSON object.' })
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const message = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ')
  throw new ApiError('InvalidRequest', { message })
}
