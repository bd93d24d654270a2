/** The results of the suite. */
export interface TestResult {
  readonly outcome: string
  readonly name: string
  readonly reason: string
}

/** Tests of features that have parts of the project of their own; the others are about the store itself. */
const elsewhere =
  /acl|tag|sse|enc_|encrypt|_enc|kms|cors|policy|public|lock|retention|legal_hold|lifecycle|ownership|owner_enforced|owner_preferred|access_bucket|torrent|website|grant|block_public|request_payment|notification/i

export function parseResults(text: string): TestResult[] {
  return text.split('\n').flatMap((line) => {
    const [outcome, name, reason = ''] = line.split('\t')
    return outcome && name ? [{ outcome, name, reason }] : []
  })
}

/** No result: what could not be cleaned up after a test. */
export const isLeftBehind = (result: TestResult) => result.outcome === 'left'
export const isPassed = (result: TestResult) => result.outcome === 'passed'
export const isFailed = (result: TestResult) => result.outcome === 'failed'
export const isOfTheStore = (result: TestResult) => !elsewhere.test(result.name)

/** Names on the list that did not pass. Tests that did not run count only if the whole suite ran. */
export function findRegressions(results: readonly TestResult[], expected: string, isWholeSuite: boolean): string[] {
  const outcomes = new Map(results.map((result) => [result.name, result.outcome]))
  return expected
    .split('\n')
    .map((line) => line.trim())
    .filter((name) => name !== '' && !name.startsWith('#'))
    .filter((name) => (outcomes.get(name) ?? (isWholeSuite ? 'missing' : 'passed')) !== 'passed')
}

/** AWS's answers, by the names of tests that expect something else. */
export function parseDifferences(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => line.split('\t') as [string, string]))
}
