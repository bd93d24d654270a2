/** Uploads by forms: the file, its name, and the check of policies. */
import http from 'node:http'
import { Readable } from 'node:stream'
import { CreateBucketCommand, GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'
import { createPresignedPost, type PresignedPostOptions } from '@aws-sdk/s3-presigned-post'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readForm } from '#s3/form/fields.ts'
import { startServer, type TestServer } from '../start-server.ts'

const Bucket = 'forms'
let server: TestServer
beforeAll(async () => {
  server = await startServer({ engine: 'memory' })
  await server.client().send(new CreateBucketCommand({ Bucket }))
})
afterAll(() => server.close())

// biome-ignore lint/suspicious/noTemplateCurlyInString: so forms write it
const fileName = '${filename}'
const readObject = (Key: string) => server.client().send(new GetObjectCommand({ Bucket, Key }))
const read = async (Key: string) => (await readObject(Key)).Body?.transformToString()
const head = (Key: string) => server.client().send(new HeadObjectCommand({ Bucket, Key }))

type Conditions = NonNullable<PresignedPostOptions['Conditions']>
const presign = (Key: string, Fields: Record<string, string> = {}, Conditions: Conditions = []) => {
  const covered = Object.keys(Fields).map((name): Conditions[number] => ['starts-with', `$${name}`, ''])
  return createPresignedPost(server.client(), { Bucket, Key, Fields, Conditions: [...covered, ...Conditions] })
}

interface Sent {
  /** The rest of the file's Content-Disposition, after `name="file"`. */
  readonly disposition?: string
  readonly content?: string | Buffer
  readonly boundary?: string
  readonly after?: string
}

async function post(signed: Awaited<ReturnType<typeof presign>>, sent: Sent) {
  const { disposition = '', content = 'content', boundary = 'boundary', after = `\r\n--${boundary}--\r\n` } = sent
  const part = (name: string, more: string) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${more}`
  const fields = Object.entries(signed.fields).map(([name, value]) => `${part(name, '')}\r\n\r\n${value}\r\n`)
  const start = `${fields.join('')}${part('file', disposition)}\r\n\r\n`
  const body = Buffer.concat([Buffer.from(start), Buffer.from(content), Buffer.from(after)])
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
  const answer = await fetch(signed.url, { method: 'POST', body, headers, redirect: 'manual' })
  return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') }
}

describe('the file of a form', () => {
  it('may be a string that was appended to it', async () => {
    const { url, fields } = await presign('appended')
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    form.append('file', 'just text')
    expect((await fetch(url, { method: 'POST', body: form })).status).toBe(204)
    expect(await read('appended')).toBe('just text')
  })

  it('may be a large one with a name, which is never kept in memory', async () => {
    const content = Buffer.alloc(5_000_000, 'a line that ends\r\n--almost a boundary\r\n')
    expect((await post(await presign('large'), { content, disposition: '; filename="f"' })).status).toBe(204)
    expect((await head('large')).ContentLength).toBe(content.length)
  })

  it('without a name may have 1 MiB, and beyond that is told to send one', async () => {
    const content = Buffer.alloc(1024 * 1024, 'a line that ends\r\n--almost a boundary\r\n')
    expect((await post(await presign('mebibyte'), { content })).status).toBe(204)
    expect((await head('mebibyte')).ContentLength).toBe(content.length)
    for (const more of [1, 4_000_000]) {
      const answer = await post(await presign('beyond'), { content: Buffer.concat([content, Buffer.alloc(more)]) })
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('<Code>EntityTooLarge')])
      expect(answer.text).toContain('with a filename')
    }
    await expect(head('beyond')).rejects.toMatchObject({ name: 'NotFound' })
  })

  it.each(['', '; filename=""', '; filename="f"'])('with any bytes keeps them: %s', async (name) => {
    const content = Buffer.from(Array.from({ length: 512 }, (_, index) => (index * 7) % 256))
    const bytes = async (type: string, sent: Buffer) => {
      const answer = await post(await presign('bytes'), { disposition: `${name}${type}`, content: sent })
      expect(answer).toMatchObject({ status: 204 })
      return Buffer.from((await (await readObject('bytes')).Body?.transformToByteArray()) ?? [])
    }
    for (const type of ['', '\r\nContent-Type: text/plain', '\r\nContent-Type: application/octet-stream']) {
      expect((await bytes(type, content)).equals(content)).toBe(true)
    }
    const text = Buffer.from('grüße, €')
    for (const charset of ['utf-8', 'iso-8859-1', '"UTF-8"']) {
      const type = `\r\nContent-Type: text/plain; charset=${charset}`
      expect((await bytes(type, text)).equals(text)).toBe(true)
    }
  })

  it.each([
    ['no file name', '', `a-${fileName}`],
    ['an empty file name', '; filename=""', 'a-'],
    ['a file name', '; filename="f.txt"', 'a-f.txt'],
    ['the path of Windows', '; filename="C:\\dir\\f.txt"', 'a-f.txt'],
    ['a path', '; filename="../dir/f.txt"', 'a-f.txt'],
    ['a path of both kinds', '; filename="a/b\\c/f.txt"', 'a-f.txt'],
    ['a path that ends in a slash', '; filename="dir/"', 'a-'],
    ['a pattern of JavaScript', '; filename="a$&b$$c$`d"', 'a-a$&b$$c$`d'],
    ['a quote', '; filename="say \\"hi\\".txt"', 'a-say "hi".txt'],
    ['a name in UTF-8', '; filename="grüße.txt"', 'a-grüße.txt'],
    ['an extended name', `; filename="x"; filename*=UTF-8''gr%C3%BC%C3%9Fe.txt`, 'a-grüße.txt'],
    ['an unquoted name', '; filename=f.txt', 'a-f.txt'],
  ])('with %s is put where the key says', async (_title, disposition, Key) => {
    expect(await post(await presign(`a-${fileName}`), { disposition, content: Key })).toMatchObject({ status: 204 })
    expect(await read(Key)).toBe(Key)
  })

  it('is as long as it is, also if it is empty or looks like a boundary', async () => {
    for (const disposition of ['', '; filename="f"']) {
      for (const content of ['', '\r\n', '-boundary', '\r\n--boundar', '\r\n\r\n', '\n--boundary--\n']) {
        expect((await post(await presign('exact'), { content, disposition })).status).toBe(204)
        expect(await read('exact')).toBe(content)
      }
    }
  })

  it('is refused where it begins with the boundary, which RFC 2046 forbids', async () => {
    for (const disposition of ['', '; filename="f"']) {
      const answer = await post(await presign('exact'), { content: '--boundary and more', disposition })
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('<Code>MalformedPOSTRequest')])
    }
  })

  it.each([
    ['breaks off', ''],
    ['breaks off at its end', '\r\n--boundary'],
    ['goes on with what is no part', '\r\n--boundaryX\r\n\r\n'],
    ['goes on with what is no part and ends', '\r\n--boundaryX\r\n\r\n--boundary--\r\n'],
  ])('that %s is not stored', async (_title, after) => {
    for (const disposition of ['', '; filename="f"']) {
      const answer = await post(await presign('broken'), { after, disposition })
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining('<Code>MalformedPOSTRequest')])
      await expect(head('broken')).rejects.toMatchObject({ name: 'NotFound' })
    }
  })

  it('may be followed by further fields, which say nothing', async () => {
    const after = '\r\n--boundary\r\nContent-Disposition: form-data; name="key"\r\n\r\nother\r\n--boundary--\r\n'
    for (const disposition of ['', '; filename="f"']) {
      expect((await post(await presign('followed'), { after, disposition })).status).toBe(204)
      expect(await read('followed')).toBe('content')
    }
  })
})

it('that is refused leaves the connection to the next request', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const send = (method: string, path: string, body?: Buffer) =>
    new Promise<{ status: number | undefined; port: number | undefined }>((resolve, reject) => {
      const headers = { 'content-type': 'multipart/form-data; boundary=b', 'content-length': body?.length ?? 0 }
      const request = http.request(`${server.endpoint}${path}`, { method, agent, headers }, (response) => {
        const port = response.socket.localPort
        response.resume().on('end', () => resolve({ status: response.statusCode, port }))
      })
      request.on('error', reject).end(body)
    })
  const start = '--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nrefused\r\n--b\r\n'
  const file = `${start}Content-Disposition: form-data; name="file"\r\n\r\n${'x'.repeat(1_000_000)}\r\n--b--`
  const refused = await send('POST', `/${Bucket}`, Buffer.from(file))
  const next = await send('GET', `/${Bucket}`)
  agent.destroy()
  expect([refused.status, next.status, next.port]).toEqual([403, 403, refused.port])
})

describe('the name of the file', () => {
  it('stands in every field', async () => {
    const fields = {
      'x-amz-meta-name': fileName,
      'Content-Type': `text/x-${fileName}`,
      'Content-Disposition': `attachment; filename="${fileName}"`,
      success_action_redirect: `http://127.0.0.1/done?name=${fileName}`,
    }
    const answer = await post(await presign('named', fields), { disposition: '; filename="C:\\dir\\f$&.txt"' })
    expect(answer.status).toBe(303)
    expect(new URL(answer.location ?? '').searchParams.get('name')).toBe('f$')
    expect(await head('named')).toMatchObject({
      Metadata: { name: 'f$&.txt' },
      ContentType: 'text/x-f$&.txt',
      ContentDisposition: 'attachment; filename="f$&.txt"',
    })
  })

  it('counts in what a policy demands', async () => {
    const signed = (condition: Conditions[number]) => presign(`user/${fileName}`, {}, [condition])
    const disposition = '; filename="x/../f.txt"'
    expect((await post(await signed(['starts-with', '$key', 'user/f']), { disposition })).status).toBe(204)
    expect((await post(await signed(['starts-with', '$key', 'user/x']), { disposition })).status).toBe(403)
    expect((await post(await signed(['eq', '$key', 'user/f.txt']), { disposition })).status).toBe(204)
    expect((await post(await signed(['eq', '$key', 'user/x/../f.txt']), { disposition })).status).toBe(403)
  })
})

describe('a policy', () => {
  it('is held to each of its ranges of length', async () => {
    const ranges: Conditions = [
      ['content-length-range', 3, 100],
      ['content-length-range', 0, 5],
    ]
    for (const both of [ranges, [...ranges].reverse()]) {
      const signed = await presign('ranged', {}, both)
      const codes = []
      for (const content of ['12', '123', '12345', '123456']) codes.push((await post(signed, { content })).text)
      expect(codes).toEqual([
        expect.stringContaining('<Code>EntityTooSmall'),
        '',
        '',
        expect.stringContaining('<Code>EntityTooLarge'),
      ])
    }
  })

  it('with two properties in one condition, or a name without its sign, is refused', async () => {
    const two = await presign('two', { note: 'a' }, [{ bucket: Bucket, note: 'a' }])
    expect((await post(two, {})).text).toContain('Simple-Conditions must have exactly one property specified.')
    const bare = await presign('bare', { note: 'a' }, [['eq', 'note', 'a']])
    expect((await post(bare, {})).text).toContain('Policy Condition failed: [&quot;eq&quot;, &quot;note&quot;')
  })
})

it('is read alike however it arrives in pieces', async () => {
  const field = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const content = 'file\r\n--\r\n\r\n--a\r\n'
  const file = `--b\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name=file\r\n\r\n${content}\r\n--b--`
  const body = Buffer.from(`preamble\r\n${field('key', '')}${field('Note', 'two\r\nlines')}${file}`)
  const headers = { 'content-type': 'multipart/form-data; boundary="b"' }
  for (let size = 1; size <= body.length; size++) {
    const pieces: Buffer[] = []
    for (let at = 0; at < body.length; at += size) pieces.push(body.subarray(at, at + size))
    const form = await readForm(headers, Readable.from(pieces, { objectMode: false }))
    expect([...form.fields]).toEqual([
      ['key', ''],
      ['note', 'two\r\nlines'],
    ])
    expect(Buffer.concat(await form.file.toArray()).toString()).toBe(content)
  }
})

describe('a body that is not read to its end', () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=b' }
  const turns = async () => {
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  function endless(disposition = '; filename="f"') {
    const start = Buffer.from(`--b\r\nContent-Disposition: form-data; name="file"${disposition}\r\n\r\n`)
    const sent = { bytes: 0 }
    const body = new Readable({
      read() {
        const chunk = sent.bytes === 0 ? start : Buffer.alloc(64 * 1024)
        sent.bytes += chunk.length
        setImmediate(() => this.push(chunk))
      },
    })
    return { body, sent }
  }

  it('waits for those who read the file', async () => {
    const { body, sent } = endless()
    const form = await readForm(headers, body)
    await turns()
    expect(sent.bytes).toBeLessThan(1024 * 1024)
    const file = form.file[Symbol.asyncIterator]()
    await file.next()
    await turns()
    expect(sent.bytes).toBeLessThan(4 * 1024 * 1024)
    form.release()
    body.destroy()
  })

  it('stays whole for an answer once the file is given up', async () => {
    const { body, sent } = endless()
    const form = await readForm(headers, body)
    form.release()
    await turns()
    const { bytes } = sent
    expect([body.destroyed, body.listenerCount('data')]).toEqual([false, 0])
    body.resume()
    await turns()
    expect(sent.bytes).toBeGreaterThan(bytes)
    body.destroy()
  })

  it('is refused if it was gone before', async () => {
    const { body } = endless()
    body.destroy()
    await turns()
    await expect(readForm(headers, body)).rejects.toMatchObject({ code: 'MalformedPOSTRequest' })
  })

  it('is refused, and not read on, once a file without a name is too large', async () => {
    const { body, sent } = endless('')
    await expect(readForm(headers, body)).rejects.toMatchObject({ code: 'EntityTooLarge' })
    const { bytes } = sent
    await turns()
    expect(bytes).toBeLessThan(2 * 1024 * 1024)
    expect(sent.bytes - bytes).toBeLessThan(256 * 1024)
    expect(body.destroyed).toBe(false)
    body.destroy()
  })
})
