/** `{"method": "GET"|"PUT"|"DELETE", "expires_in": seconds}` → `{"url", "method", "expires_in"}`. */
import * as z from 'zod'
import { hideMissingObject } from '#access/decide/objects/missing-object.ts'
import { parseJson } from '#http/parse-json.ts'
import { Identity } from '#identity/identity.ts'
import { awsEncode } from '#lib/text/uri.ts'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { assertKey } from '#model/object/object.ts'
import { authorizeLink } from '#objects/link.ts'
import { presignV4 } from '#signature/presign.ts'
import type { AdminAnswer, AdminRequest, AdminServices } from './route.ts'

const schema = z.object({
  method: z.enum(['GET', 'PUT', 'DELETE']).default('GET'),
  expires_in: z.int().min(1).max(limits.presignSecondsMax).default(900),
})

export async function presign(request: AdminRequest, services: AdminServices): Promise<AdminAnswer> {
  const { store, gatekeeper } = services
  const { caller, bucket, message } = request
  const { key = '' } = request.params
  assertKey(key)
  const { method, expires_in: expiresSeconds } = parseJson(request.body, schema)
  const { principal } = caller
  const actor = { principal, gatekeeper, facts: request.facts }
  const { action, facts } = await authorizeLink(store, actor, { method, bucket, key })
  if (!(principal instanceof Identity)) {
    const error = new ApiError('AccessDenied', {
      cause: new Error('The request is not signed, so that no key can sign the URL.'),
    })
    throw gatekeeper.recordRefusal(error, principal, action, { bucket, key }, facts)
  }
  const { accessKeyId, secretAccessKey, sessionToken } = principal
  if (method !== 'PUT') {
    await store.headObject(bucket.name, key, undefined).catch((error: unknown) => {
      throw hideMissingObject(error, { principal, bucket, key, facts }, gatekeeper)
    })
  }
  const isSecure = 'encrypted' in message.socket && message.socket.encrypted === true
  const base = services.apiBaseUrl ?? `${isSecure ? 'https' : 'http'}://${message.headers.host ?? ''}`
  const url = presignV4({
    method,
    url: base,
    path: `/${bucket.name}/${awsEncode(key, { keepSlash: true })}`,
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    region: services.region,
    service: services.service,
    expiresSeconds,
    nowMs: services.clock.nowMs(),
  })
  return { status: 200, json: JSON.stringify({ url, method, expires_in: expiresSeconds }) }
}
