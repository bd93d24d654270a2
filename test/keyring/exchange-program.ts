/** Exchanges the root key, from and to settings that are given as JSON. */
import { exchangeRootKeyOf } from '#app/exchange-root-key.ts'
import { loadConfig } from '#config/config.ts'

const [from, to] = process.argv.slice(2).map((json) => loadConfig([], JSON.parse(json), '/nowhere'))
if (from === undefined || to === undefined) throw new Error('two settings are needed')
const log = { info: () => {}, warn: () => {}, error: () => {} }
await exchangeRootKeyOf(to, from.kms, log)
