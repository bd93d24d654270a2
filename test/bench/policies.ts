/**
 * The cost of a bucket policy of 50 statements with mixed conditions for a GET. None of them decides, so only their
 * evaluation is measured. Measurements with and without alternate on one server: two servers, or two moments, differ
 * more than the results.
 */
import { ask } from './load/load.ts'
import { type Bench, bucket, type Work } from './load/works.ts'
import { median } from './median.ts'

const rounds = 8
const roundSeconds = 2

const everything = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`]

// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
const home = 'home/${aws:username}/*'

const conditions = (n: number): Record<string, unknown>[] => [
  { IpAddress: { 'aws:SourceIp': [`10.${n}.0.0/16`, `2001:db8:${n}::/48`] } },
  { StringLike: { 'aws:UserAgent': `*robot-${n}*` } },
  { DateLessThan: { 'aws:CurrentTime': '2020-01-01T00:00:00Z' } },
  { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::*:user/guest-${n}*` } },
  { NumericGreaterThan: { 's3:signatureAge': '86400000' } },
  { StringEquals: { 'aws:Referer': `https://site-${n}.example/` }, Bool: { 'aws:SecureTransport': 'true' } },
  { StringNotEqualsIfExists: { 's3:signatureversion': 'AWS4-HMAC-SHA256' }, Null: { 's3:authType': 'false' } },
  { StringLike: { 'aws:username': home } },
]

function statement(n: number): Record<string, unknown> {
  return {
    Sid: `Statement${n}`,
    Effect: n % 2 === 0 ? 'Deny' : 'Allow',
    Principal: n % 3 === 0 ? { AWS: ['111122223333', '444455556666'] } : '*',
    Action: n % 4 === 0 ? 's3:*' : n % 4 === 1 ? ['s3:Get*', 's3:PutObject'] : 's3:GetObject',
    Resource: n % 5 === 0 ? everything : `arn:aws:s3:::${bucket}/*`,
    Condition: conditions(n)[n % 8],
  }
}

export const fiftyStatements = JSON.stringify({
  Version: '2012-10-17',
  Statement: Array.from({ length: 50 }, (_, n) => statement(n)),
})

async function attachPolicy(bench: Bench): Promise<void> {
  const body = Buffer.from(fiftyStatements)
  const request = bench.sign({
    method: 'PUT',
    path: `/${bucket}`,
    query: { policy: '' },
    body,
    payloadHash: 'UNSIGNED-PAYLOAD',
  })
  const answer = await ask(bench.subject.endpoint, request)
  if (answer.status !== 204) throw new Error(`Attaching the policy failed: ${answer.status} ${answer.body}`)
}

async function detachPolicy(bench: Bench): Promise<void> {
  const answer = await ask(
    bench.subject.endpoint,
    bench.sign({ method: 'DELETE', path: `/${bucket}`, query: { policy: '' } }),
  )
  if (answer.status !== 204) throw new Error(`Detaching the policy failed: ${answer.status} ${answer.body}`)
}

/** Operations a second with the statements and without them: medians of the rounds. */
export async function measurePolicy(bench: Bench, get: Work): Promise<{ withPolicy: number; without: number }> {
  const rates = { withPolicy: [] as number[], without: [] as number[] }
  const seconds = bench.options.isSmoke ? 0.2 : roundSeconds
  for (let round = 0; round < (bench.options.isSmoke ? 1 : rounds); round++) {
    for (const turn of round % 2 === 0 ? (['without', 'withPolicy'] as const) : (['withPolicy', 'without'] as const)) {
      bench.renew()
      await (turn === 'withPolicy' ? attachPolicy(bench) : detachPolicy(bench))
      await bench.run(get, seconds / 3)
      const { operations, seconds: elapsed, firstFailure } = await bench.run(get, seconds)
      if (firstFailure !== undefined) throw new Error(firstFailure)
      rates[turn].push(operations / elapsed)
    }
  }
  await detachPolicy(bench)
  return { withPolicy: median(rates.withPolicy), without: median(rates.without) }
}
