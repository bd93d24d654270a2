/** Reads a multipart/form-data upload: the fields before the file, then the file as a stream. */
import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'
import { FormParts } from './form-parts.ts'

/** AWS sets none; a form has a field for each header and condition at most. */
const partsMax = 1000

export interface Form {
  /** Names in lower case; of those before the file. */
  readonly fields: Map<string, string>
  readonly file: Readable
  /** Undefined where the part of the file names none. */
  readonly fileName: string | undefined
  /** Gives up the file. The body is left to whoever answers. */
  release(): void
}

/**
 * The part named `file` is the file, with or without a file name; every other is a field, also with one, as some clients send them all.
 * What comes after the file is no part of the upload. MalformedPOSTRequest, MaxPostPreDataLengthExceededError, InvalidArgument.
 */
export async function readForm(headers: IncomingHttpHeaders, body: Readable): Promise<Form> {
  const parts = new FormParts(String(headers['content-type'] ?? ''), body)
  try {
    const fields = new Map<string, string>()
    // What may stand before the first part counts as what a field would.
    let left = limits.postFieldsBytes - Buffer.byteLength(await readField(parts, limits.postFieldsBytes))
    for (let count = 0; count < partsMax; count++) {
      const part = await parts.next()
      if (part === undefined) break
      const name = part.name.toLowerCase()
      if (name === 'file') return formOf(fields, parts, part.fileName)
      left -= Buffer.byteLength(name)
      const value = await readField(parts, left)
      left -= Buffer.byteLength(value)
      if (name !== '') fields.set(name, value)
    }
    throw new ApiError('InvalidArgument', { message: 'POST requires exactly one file upload per request.' })
  } catch (error) {
    await parts.close()
    throw error instanceof ApiError ? error : new ApiError('MalformedPOSTRequest', { cause: error })
  }
}

function formOf(fields: Map<string, string>, parts: FormParts, fileName: string | undefined): Form {
  const file = Readable.from(contentThenClose(parts), { objectMode: false, highWaterMark: 1024 * 1024 })
  const release = () => {
    file.destroy()
    // A file that was never read closes nothing; one that is being read does once its chunk is there.
    parts.close().catch(() => undefined)
  }
  return { fields, file, fileName, release }
}

async function* contentThenClose(parts: FormParts): AsyncGenerator<Buffer, void> {
  try {
    yield* parts.content()
    // Unless the form goes on, or ends, what looked like the end of the file was none.
    await parts.next()
  } finally {
    await parts.close()
  }
}

async function readField(parts: FormParts, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of parts.content()) {
    size += chunk.length
    if (size > maxBytes) throw new ApiError('MaxPostPreDataLengthExceededError')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
