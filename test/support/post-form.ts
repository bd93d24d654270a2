/** An upload by a form, whose policy expires. */
import { createHmac } from 'node:crypto'

interface FormKeys {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export function postForm(endpoint: string, bucket: string, keys: FormKeys, endMs: number): Promise<Response> {
  const conditions = [{ bucket }, { key: 'posted' }]
  const text = JSON.stringify({ expiration: new Date(endMs).toISOString(), conditions })
  const policy = Buffer.from(text).toString('base64')
  const signature = createHmac('sha1', keys.secretAccessKey).update(policy).digest('base64')
  const form = new FormData()
  form.append('key', 'posted')
  form.append('AWSAccessKeyId', keys.accessKeyId)
  form.append('policy', policy)
  form.append('signature', signature)
  form.append('file', 'content')
  return fetch(`${endpoint}/${bucket}`, { method: 'POST', body: form })
}
