declare module 'zip-stream' {
  import type { Readable, Transform } from 'node:stream'

  // biome-ignore lint/style/noDefaultExport: the package has it so
  export default class ZipStream extends Transform {
    constructor(options: { store?: boolean; forceZip64?: boolean })
    entry(source: Buffer | Readable, data: { name: string; date: Date }, done: (error?: Error | null) => void): unknown
    finish(): void
  }
}
