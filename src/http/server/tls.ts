import { readFileSync } from 'node:fs'
import { createSecureContext } from 'node:tls'

/** Reads certificate and key as PEM texts and checks that they match. Errors name the file. */
export function readTls(paths: { certPath: string; keyPath: string } | undefined) {
  if (paths === undefined) return undefined
  try {
    const tls = { cert: readFileSync(paths.certPath), key: readFileSync(paths.keyPath) }
    createSecureContext(tls)
    return tls
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw Object.assign(new Error(`TLS_CERT ${paths.certPath} and TLS_KEY ${paths.keyPath} cannot be used: ${why}.`), {
      code: 'TLS_FILES',
    })
  }
}
