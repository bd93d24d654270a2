/** Reads a multipart/form-data upload: the fields before the file, then the file as a stream. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import busboy from 'busboy'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

/** AWS sets none; a form has a field for each header and condition at most. */
const partsMax = 1000

export interface Form {
  /** Names in lower case; of those before the file. */
  readonly fields: Map<string, string>
  readonly file: Readable
  readonly fileName: string
}

export function readForm(headers: IncomingHttpHeaders, body: Readable): Promise<Form> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>()
    const unfinished: Promise<void>[] = []
    let size = 0
    const fail = (error: unknown) => {
      body.unpipe()
      reject(error instanceof ApiError ? error : new ApiError('MalformedPOSTRequest', { cause: error }))
    }
    let parser: ReturnType<typeof busboy>
    try {
      parser = busboy({
        headers,
        preservePath: true,
        defParamCharset: 'utf8',
        limits: { fieldSize: limits.postFieldsBytes, parts: partsMax },
      })
    } catch (error) {
      fail(error)
      return
    }
    let hasFile = false
    // The parser gives no name at all for one that is empty.
    parser.on('field', (name: string | undefined, value, info) => {
      // What comes after the file is no part of the upload.
      if (hasFile) return
      size += (name?.length ?? 0) + Buffer.byteLength(value)
      if (size > limits.postFieldsBytes || info.valueTruncated) fail(tooLong())
      else if (name !== undefined) fields.set(name.toLowerCase(), value)
    })
    parser.on('file', (name: string | undefined, file, info) => {
      file.on('error', () => undefined)
      if (hasFile) file.resume()
      else if (name?.toLowerCase() === 'file') {
        hasFile = true
        Promise.all(unfinished).then(() => resolve({ fields, file, fileName: info.filename ?? '' }), fail)
      } else {
        const reading = readField(file, limits.postFieldsBytes - size).then((value) => {
          size += Buffer.byteLength(value)
          if (name !== undefined) fields.set(name.toLowerCase(), value)
        })
        reading.catch(fail)
        unfinished.push(reading)
      }
    })
    parser.on('error', (error) => {
      fail(error)
      parser.destroy()
    })
    parser.on('close', () => {
      const none = new ApiError('InvalidArgument', { message: 'POST requires exactly one file upload per request.' })
      void Promise.all(unfinished).then(() => fail(none), fail)
    })
    body.once('close', () => parser.destroy(new Error('the body ended early')))
    body.pipe(parser)
  })
}

/** A field that came with a file name, as some clients send them all: only `file` is the file. */
async function readField(part: Readable, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of part as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) throw tooLong()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const tooLong = () => new ApiError('MaxPostPreDataLengthExceededError')
