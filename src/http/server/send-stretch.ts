/** Sends a range of an open object. */
import type { OutgoingHttpHeader, ServerResponse } from 'node:http'
import type { Stretch } from '#store/contract.ts'

export interface Head {
  readonly status: number
  /** Name, value, name, value...: the form that is fastest in Node. */
  readonly headers: OutgoingHttpHeader[]
}

/** Resolves to the number of body bytes written. Closes the stretch in every case. */
export async function sendStretch(
  response: ServerResponse,
  method: string,
  { status, headers }: Head,
  stretch: Stretch,
): Promise<number> {
  try {
    if (method === 'HEAD') response.writeHead(status, headers)
    else await stretch.send(response, () => response.writeHead(status, headers))
    response.end()
    return method === 'HEAD' ? 0 : stretch.sizeBytes
  } finally {
    stretch.close()
  }
}

export function isStretch(body: unknown): body is Stretch {
  return typeof body === 'object' && body !== null && 'pieces' in body
}
