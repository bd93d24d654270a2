/** What is selected, as one zip that is written while it is read: nothing is compressed, and memory does not grow. */
import { PassThrough } from 'node:stream'
import type { ConsoleServices, Page, Visit } from '#console/page.ts'
import type { Content } from '#store/contract.ts'
import { attachment, streamOf, untrusted } from './content.ts'
import { folderOf, nameOf } from './folder.ts'
import { readSources, type Source, walkSources } from './selection.ts'

export const downloadZip: Page = async (visit, services) => {
  const sources = await readSources(visit)
  const base = folderOf(visit.form.get('back'))
  const name = `${base === '' ? visit.bucket.name : nameOf(base).replace('/', '')}.zip`
  const { default: ZipStream } = await import('zip-stream')
  const zip = new ZipStream({ store: true, forceZip64: true })
  const out = new PassThrough()
  zip.on('error', (error) => out.destroy(error)).pipe(out)
  // A reader who goes away ends the reading as well.
  out.once('close', () => zip.destroy())
  fill(visit, services, sources, base, zip).catch((error) => out.destroy(error))
  return {
    content: out,
    headers: { ...untrusted, 'content-type': 'application/zip', 'content-disposition': attachment(name) },
  }
}

type Zip = InstanceType<typeof import('zip-stream').default>

/** Objects that the visitor may not read, or that vanish meanwhile, are named in a file of the zip and not left out in silence. */
async function fill(visit: Visit, { store }: ConsoleServices, sources: readonly Source[], base: string, zip: Zip) {
  const { bucket } = visit
  const missing: string[] = []
  const names = new Set<string>()
  for await (const { key } of walkSources(visit, store, sources)) {
    if (zip.destroyed) return
    if (key.endsWith('/')) continue
    try {
      await visit.authorizeObject('s3:GetObject', { bucket, key })
      const opened = await store.openObject(bucket.name, key, undefined)
      const { sizeBytes, modifiedAtMs } = opened.version
      const name = entryName(key.slice(base.length), names)
      await addEntry(zip, opened.content(0, sizeBytes), { name, date: new Date(modifiedAtMs) })
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) throw error
      missing.push(`${key}: ${error.message}`)
    }
  }
  if (missing.length > 0) {
    await addEntry(zip, Buffer.from(`${missing.join('\n')}\n`), {
      name: entryName('NOT-INCLUDED.txt', names),
      date: new Date(),
    })
  }
  zip.finish()
}

function addEntry(zip: Zip, content: Content, data: { name: string; date: Date }): Promise<void> {
  return new Promise((resolve, reject) => {
    const source = streamOf(content)
    const giveUp = () => {
      source.destroy()
      reject(new Error('The reader has gone'))
    }
    source.once('error', reject)
    if (zip.destroyed) return giveUp()
    zip.once('close', giveUp)
    zip.entry(source, data, (error) => {
      zip.off('close', giveUp)
      if (error) reject(error)
      else resolve()
    })
  })
}

/** Unpacks below the folder it is unpacked in, whatever the key; each name once. */
function entryName(path: string, names: Set<string>): string {
  const safe = path
    .replaceAll('\\', '_')
    .split('/')
    .map((segment) => (/^\.{0,2}$/.test(segment) ? '_' : segment))
    .join('/')
  let name = safe
  for (let copy = 2; names.has(name); copy++) name = `${safe} (${copy})`
  // Beyond this many, names are taken as they come: they are unique unless made safe.
  if (names.size < 100_000) names.add(name)
  return name
}
