/**
 * An API process over a folder: `api-process.ts FOLDER [SETTINGS]`, with further settings as JSON. Its parent moves its
 * clock: `{ passMs }`, answered by `passed`.
 */
import { startApi } from '#app/api.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { configOver } from './api-over.ts'

const clock = new ManualClock()
const bootstrap = { accessKey: 'unused', secretKey: 'unused' }
const config = configOver(process.argv[2] ?? '', JSON.parse(process.argv[3] ?? '{}'))
const { port } = await startApi({ config, version: 'test', isPrimary: true, bootstrap, clock })
process.on('message', ({ passMs }: { passMs: number }) => {
  void clock.pass(passMs).then(() => process.send?.('passed'))
})
process.send?.(port)
