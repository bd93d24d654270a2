/**
 * `npm run conformance -- CHECKOUT [--cluster | --cluster-of-one] [--passed FILE] [pytest arguments]`: runs
 * ceph/s3-tests against a server of its own, or against two nodes, or one, over a PostgreSQL and an S3 store, behind a
 * load balancer. CHECKOUT is a work tree or a bare repository of the suite. Fails if a test of expected-passes.txt does
 * not pass. For tests in differs-from-aws.txt it prints AWS's answer.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startIssuer } from './issuer.ts'
import {
  findRegressions,
  isFailed,
  isLeftBehind,
  isOfTheStore,
  isPassed,
  parseDifferences,
  parseResults,
  type TestResult,
} from './results.ts'
import { makePython, unpackSuite } from './suite.ts'
import { startTarget, type TargetName } from './target.ts'
import { formatIamDocument, formatSuiteConfiguration } from './users.ts'

const here = fileURLToPath(new URL('.', import.meta.url))
const files = ['test_s3.py', 'test_headers.py', 'test_iam.py', 'test_sts.py'].map(
  (name) => `s3tests/functional/${name}`,
)
const leftOut = [
  'fails_on_aws',
  'lifecycle_expiration',
  'lifecycle_transition',
  'bucket_logging',
  'cloud_transition',
  'cloud_restore',
]
/** Sleeps for a quarter of an hour. */
const tooLong = 's3tests/functional/test_sts.py::test_assume_role_creds_expiry'
/** Some tests write a thousand objects, one after the other: over a network of several systems that takes longer. */
const secondsPerTest = 60
const secondsPerClusterTest = 240

interface Arguments {
  readonly checkout: string
  readonly target: TargetName
  readonly passedFile?: string
  readonly pytest: readonly string[]
}

const clusters: Readonly<Record<string, TargetName>> = { '--cluster': 'two nodes', '--cluster-of-one': 'one node' }

function parseArguments(argv: readonly string[]): Arguments {
  const [checkout, ...more] = argv
  if (!checkout || checkout.startsWith('-')) {
    throw new Error(
      'Usage: npm run conformance -- CHECKOUT [--cluster | --cluster-of-one] [--passed FILE] [pytest arguments]',
    )
  }
  const target = more.map((word) => clusters[word]).find((name) => name !== undefined) ?? 'plain files'
  const rest = more.filter((word) => clusters[word] === undefined)
  const at = rest.indexOf('--passed')
  if (at < 0) return { checkout, target, pytest: rest }
  const passedFile = rest[at + 1]
  if (!passedFile) throw new Error('--passed needs a file.')
  return { checkout, target, passedFile, pytest: rest.toSpliced(at, 2) }
}

async function runSuite(given: Arguments, folder: string): Promise<TestResult[]> {
  const suite = await unpackSuite(given.checkout, folder)
  const python = await makePython(suite)
  const iam = join(folder, 'iam.json')
  await writeFile(iam, formatIamDocument())
  // Old signatures are part of the suite, and it was written when new buckets had no ownership controls and so accepted
  // ACLs.
  const settings = {
    IAM_CONFIG: iam,
    SIGNATURE_V2: 'on',
    DEFAULT_OBJECT_OWNERSHIP: 'ObjectWriter',
    AWS_REGION: 'us-east-1',
    REGIONS: '*',
    OIDC_PRIVATE_ISSUERS: 'on',
  }
  const issuer = await startIssuer()
  if (issuer === undefined) console.log('Port 8080 is taken: the tests of web identities have no issuer.')
  const target = await startTarget(given.target, folder, settings)
  try {
    const configuration = join(folder, 's3tests.conf')
    await writeFile(configuration, formatSuiteConfiguration(target.port, issuer?.webIdentity, target.kmsKeys))
    const results = join(folder, 'results')
    await writeFile(results, '')
    await runPytest(python, suite, given, { S3TEST_CONF: configuration, CONFORMANCE_RESULTS: results })
    return parseResults(await readFile(results, 'utf8'))
  } finally {
    await target.stop()
    await issuer?.close()
  }
}

function runPytest(
  python: string,
  suite: string,
  given: Arguments,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const filter = leftOut.map((mark) => `not ${mark}`).join(' and ')
  const plugins = ['-p', 'tolerant_teardown', '-p', 'as_written', '-p', 'no:cacheprovider']
  const timeout = given.target === 'plain files' ? secondsPerTest : secondsPerClusterTest
  const quiet = ['-q', '--tb=line', '--no-header', `--timeout=${timeout}`]
  return new Promise((resolve, reject) => {
    const child = spawn(
      python,
      ['-m', 'pytest', ...plugins, ...quiet, '-m', filter, '--deselect', tooLong, ...files, ...given.pytest],
      {
        cwd: suite,
        stdio: ['ignore', 'inherit', 'inherit'],
        env: {
          ...process.env,
          PYTHONPATH: here,
          PYTHONDONTWRITEBYTECODE: '1',
          // A failure is a result here: asking again only takes time.
          AWS_MAX_ATTEMPTS: '1',
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_CONFIG_FILE: '/dev/null',
          AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
          AWS_DEFAULT_REGION: 'us-east-1',
          ...environment,
        },
      },
    )
    child.once('error', reject)
    // 0: all passed, 1: some failed. Other exit codes are not a result.
    child.once('exit', (code) =>
      code === 0 || code === 1 ? resolve() : reject(new Error(`pytest ended with ${code}.`)),
    )
  })
}

function report(results: readonly TestResult[], differences: ReadonlyMap<string, string>): void {
  for (const { outcome, name, reason } of results) {
    const instead = differences.get(name)
    if (outcome !== 'passed') console.log(`${outcome} ${name}: ${instead === undefined ? reason : `AWS: ${instead}`}`)
  }
  const ofTheStore = results.filter(isOfTheStore)
  const agreeing = results.filter(({ name }) => !differences.has(name))
  const count = (some: readonly TestResult[]) => `${some.filter(isPassed).length} of ${some.length}`
  console.log(`\nOf the store itself ${count(ofTheStore)} passed, of all ${count(results)}.`)
  console.log(`Of those that expect what AWS documents ${count(agreeing)} passed.`)
}

const given = parseArguments(process.argv.slice(2))
const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
try {
  const told = await runSuite(given, folder)
  for (const { name, reason } of told.filter(isLeftBehind)) console.log(`left behind by ${name}: ${reason}`)
  const results = told.filter((result) => !isLeftBehind(result))
  const passed = results.filter(isPassed)
  if (given.passedFile) {
    const names = [...new Set(passed.map((result) => result.name))].sort()
    await writeFile(given.passedFile, names.map((name) => `${name}\n`).join(''))
  }
  report(results, parseDifferences(await readFile(join(here, 'differs-from-aws.txt'), 'utf8')))
  const expected = await readFile(join(here, 'expected-passes.txt'), 'utf8')
  const regressions = findRegressions(results, expected, given.pytest.length === 0)
  for (const name of regressions) console.log(`expected to pass: ${name}`)
  console.log(`${passed.length} passed, ${results.filter(isFailed).length} failed`)
  if (regressions.length > 0 || results.length === 0) process.exitCode = 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
