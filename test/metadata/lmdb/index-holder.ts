/** A process that has an index open until it is killed: `index-holder.ts FOLDER MACHINE`. */
import { openLmdbEngine } from '#metadata/lmdb/engine.ts'

const [path = '', machine = ''] = process.argv.slice(2)
const engine = openLmdbEngine({ path, flush: 'each', machine })
await engine.get(Buffer.from('k'))
process.send?.('open')
setInterval(() => undefined, 1000)
