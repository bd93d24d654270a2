/** A root key from another KMS (KMS_ENDPOINT): a data key, stored wrapped beside the keys that it wraps. */
import * as z from 'zod'
import { RootKeyProblem, type RootKeySource, RootKeyUnreachable } from '#keyring/root-key/root-key-source.ts'
import type { Clock } from '#lib/clock.ts'
import { postJson } from '#remote/fetch-json.ts'
import { type SigningCredentials, signHeaders } from '#signature/sign-headers.ts'

export interface KmsEndpoint extends SigningCredentials {
  readonly url: string
  readonly keyId: string
}

const context = { myfsio: 'root key' }
const opened = z.object({ Plaintext: z.base64().transform(bytesOf) })
const made = opened.extend({ CiphertextBlob: z.base64().transform(bytesOf) })
const refused = z.object({ __type: z.string(), message: z.string().optional(), Message: z.string().optional() })

export function endpointRootKey(endpoint: KmsEndpoint, clock: Clock): RootKeySource {
  const { keyId: KeyId } = endpoint
  const common = { KeyId, EncryptionContext: context }
  async function make() {
    const answer = await call(endpoint, clock, 'GenerateDataKey', { ...common, KeySpec: 'AES_256' })
    const { Plaintext: secret, CiphertextBlob: wrapped } = understood(made, answer, endpoint)
    return { secret, wrapped }
  }
  return {
    kind: 'endpoint',
    async open({ wrapped: CiphertextBlob }) {
      const answer = await call(endpoint, clock, 'Decrypt', { ...common, CiphertextBlob })
      const { Plaintext } = understood(opened, answer, endpoint)
      return Plaintext
    },
    make,
    renew: make,
  }
}

/** Throws RootKeyProblem. */
async function call(endpoint: KmsEndpoint, clock: Clock, operation: string, input: object): Promise<unknown> {
  const url = new URL('/', endpoint.url)
  const body = JSON.stringify(input)
  const asked = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${operation}` }
  const headers = signHeaders({ url, service: 'kms', headers: asked, body, nowMs: clock.nowMs() }, endpoint)
  const { status, json } = await postJson(url.href, { headers, body }, { allowPrivate: true, isSecret: true }).catch(
    (error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error)
      throw new RootKeyUnreachable(
        `The KMS at ${url.origin}, which keeps the root key, cannot be reached: ${reason}.`,
        error,
      )
    },
  )
  if (status === 200) return json
  const { __type: type, message = '', Message = message } = refused.safeParse(json).data ?? { __type: String(status) }
  const reason = [type.split('#').at(-1), Message].filter((part) => part !== '').join(': ')
  const Problem = status >= 500 ? RootKeyUnreachable : RootKeyProblem
  throw new Problem(`The KMS at ${url.origin}, which keeps the root key, refuses ${operation}: ${reason}`)
}

/** Throws RootKeyProblem. */
function understood<T>(schema: z.ZodType<T>, answer: unknown, { url }: KmsEndpoint): T {
  const { data, error } = schema.safeParse(answer)
  if (data !== undefined) return data
  throw new RootKeyProblem(`The KMS at ${url}, which keeps the root key, gives an unexpected answer.`, error)
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64')
}
