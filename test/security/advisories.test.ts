/** Every advisory that concerns this server has a test, and a test cannot be removed unnoticed. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

const advisories = {
  'who is calling':
    'CVE-2025-31489 CVE-2026-41145 CVE-2026-40344 CVE-2021-21390 CVE-2020-11012 CVE-2026-42882 GHSA-3p3x-734c-h5vx CVE-2026-33419 seaweedfs#2180 seaweedfs#7912 localstack#9538 chimera#500 versitygw#2274',
  'default secrets': 'GHSA-j59h-h7q5-q348 GHSA-h956-rh7x-ppgj',
  tokens: 'CVE-2026-33322 GHSA-ccrv-v8v9-ch9q GHSA-m77q-r63m-pj89',
  'rights of identities':
    'CVE-2025-62506 GHSA-jjjj-jwhf-8rgr CVE-2026-22043 CVE-2024-24747 CVE-2021-43858 CVE-2022-24842 CVE-2024-55949 CVE-2026-22042 GHSA-566f-q62r-wcr8 GHSA-3495-h8r9-gfqg',
  conditions: 'GHSA-v9cp-qfw9-9pfp CVE-2026-21862 GHSA-6r96-hmgc-726c',
  permissions:
    'CVE-2026-39360 GHSA-3ppv-fx5m-m749 CVE-2024-36107 GHSA-6r96-hmgc-726c CVE-2026-34204 CVE-2023-28432 CVE-2016-7031 GHSA-x298-9x87-fvjq seaweedfs#7469 seaweedfs#8516',
  'uploads by form': 'CVE-2023-28434 CVE-2021-21362 GHSA-w5fh-f8xh-5x3p CVE-2023-43040',
  paths: 'CVE-2023-28433 CVE-2022-35919 GHSA-8r6f-hmq2-28rg GHSA-pq29-69jg-9mxc GHSA-f4vq-9ffr-m8m3',
  documents: 'CVE-2026-26278 CVE-2026-33036 CVE-2026-33349 CVE-2020-12059',
  'forms as such': 'CVE-2025-47935 CVE-2025-47944 CVE-2025-48997 CVE-2025-7338 multer#1338 multer#1411',
  headers: 'CVE-2020-10753 CVE-2021-3524 CVE-2020-1760',
  requests:
    'CVE-2019-19337 CVE-2022-3854 CVE-2020-8287 CVE-2021-22959 CVE-2023-30589 CVE-2024-22019 CVE-2018-1000538 CVE-2022-31028',
  'logs and pages':
    'GHSA-r54g-49rx-98cr GHSA-8cm2-h255-v749 GHSA-333v-68xh-8mmq GHSA-9pjf-w3c2-m32r GHSA-x5xv-223c-8vm7',
  'the console': 'GHSA-v9fg-3cr2-277j GHSA-7gcx-wg4x-q9x6 GHSA-mmpx-jh39-wrv6 s2#199 studio#4114 5eead9409',
}

const tests = join(import.meta.dirname, '..')
const text = readdirSync(tests, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && name !== join('security', 'advisories.test.ts'))
  .map((name) => readFileSync(join(tests, name), 'utf8'))
  .join('')

it.each(Object.entries(advisories))('%s', (_subject, names) => {
  expect(names.split(' ').filter((name) => !text.includes(name))).toEqual([])
})
