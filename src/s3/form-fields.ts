/** Reads a multipart/form-data upload: the fields before the file, then the file as a stream. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import busboy from 'busboy'
import { ApiError } from '#model/errors.ts'
import { limits } from '#model/limits.ts'

export interface Form {
  /** Names in lower case; of those before the file. */
  readonly fields: Map<string, string>
  readonly file: Readable
  readonly fileName: string
}

/** More than a form of S3 could use; each costs memory, however small it is. */
const maxParts = 1000

export function readForm(headers: IncomingHttpHeaders, body: Readable): Promise<Form> {
  return new Promise((resolve, reject) => {
    const fields = new Map<string, string>()
    let size = 0
    const small: Promise<void>[] = []
    let hasFile = false
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
        limits: { fieldSize: limits.postFieldsBytes, parts: maxParts },
      })
    } catch (error) {
      fail(error)
      return
    }
    const addField = (name: string, value: string, isTruncated: boolean) => {
      // What comes after the file is no part of the upload.
      if (hasFile) return
      size += name.length + Buffer.byteLength(value)
      if (size > limits.postFieldsBytes || isTruncated) fail(new ApiError('MaxPostPreDataLengthExceededError'))
      else fields.set(name.toLowerCase(), value)
    }
    parser.on('field', (name, value, info) => addField(name, value, info.valueTruncated))
    parser.on('file', (name, file, info) => {
      file.on('error', () => undefined)
      // Some clients give every part a file name: only `file` is one.
      if (hasFile) file.resume()
      else if (name.toLowerCase() !== 'file') {
        small.push(readSmall(file).then(({ text, isTruncated }) => addField(name, text, isTruncated)))
      } else {
        void Promise.all(small).then(() => {
          hasFile = true
          resolve({ fields, file, fileName: info.filename ?? '' })
        })
      }
    })
    parser.on('error', (error) => {
      fail(error)
      parser.destroy()
    })
    parser.on('close', () => {
      const none = new ApiError('InvalidArgument', { message: 'POST requires exactly one file upload per request.' })
      void Promise.all(small).then(() => fail(none))
    })
    body.once('close', () => parser.destroy(new Error('the body ended early')))
    body.pipe(parser)
  })
}

/** The text of a part, and whether it was longer than a field may be; the rest is passed over. */
function readSmall(part: Readable): Promise<{ text: string; isTruncated: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    part.on('data', (chunk: Buffer) => {
      if (sizeBytes <= limits.postFieldsBytes) chunks.push(chunk)
      sizeBytes += chunk.length
    })
    part.on('end', () =>
      resolve({ text: Buffer.concat(chunks).toString(), isTruncated: sizeBytes > limits.postFieldsBytes }),
    )
  })
}
