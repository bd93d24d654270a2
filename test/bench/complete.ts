/**
 * How long CompleteMultipartUpload takes for one big object: its parts are sent first, only the last request is timed.
 */
import { randomBytes } from 'node:crypto'
import { ask, sendAll } from './load/load.ts'
import { type Bench, bucket } from './load/works.ts'

const partBytes = 8 * 1024 * 1024

export async function timeCompleteMs(bench: Bench, partCount: number): Promise<number> {
  const { endpoint } = bench.subject
  const path = `/${bucket}/multipart`
  const created = await ask(endpoint, bench.sign({ method: 'POST', path, query: { uploads: '' } }))
  const uploadId = /<UploadId>([^<]+)</.exec(created.body.toString())?.[1]
  if (!uploadId) throw new Error(`No upload id in ${created.status} ${created.body}`)
  const body = randomBytes(partBytes)
  const sendPart = (index: number) =>
    bench.sign({
      method: 'PUT',
      path,
      query: { partNumber: String(index + 1), uploadId },
      body,
      payloadHash: 'UNSIGNED-PAYLOAD',
    })
  await sendAll(
    endpoint,
    Array.from({ length: partCount }, (_, i) => sendPart(i)),
    4,
  )
  const listed = await ask(endpoint, bench.sign({ method: 'GET', path, query: { uploadId } }))
  const etag = /<ETag>([^<]+)</.exec(listed.body.toString())?.[1]
  if (!etag) throw new Error(`No part's ETag in ${listed.status} ${listed.body}`)
  const parts = Array.from(
    { length: partCount },
    (_, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`,
  )
  const document = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`)
  const request = bench.sign({ method: 'POST', path, query: { uploadId }, body: document })
  const start = performance.now()
  const answer = await ask(endpoint, request)
  const elapsedMs = performance.now() - start
  if (answer.status !== 200 || !answer.body.includes('<ETag>')) {
    throw new Error(`Completing failed: ${answer.status} ${answer.body}`)
  }
  return elapsedMs
}
