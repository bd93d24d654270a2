/** Hashing a password is expensive: the number of hashes at once is bounded, and every attempt is counted. */
import * as aws from '@aws-sdk/client-iam'
import { afterEach, describe, expect, it } from 'vitest'
import { startTestConsole, type TestConsole } from '../../console/start-console.ts'
import { accountId, keysOf, startApp, type TestApp } from '../../iam/start-app.ts'

let site: TestConsole | undefined
let app: TestApp | undefined
afterEach(async () => {
  await Promise.all([site?.close(), app?.close()])
  site = undefined
  app = undefined
})

/** Statuses of as many sign-ins at once, each as one form sends it. */
async function signInAtOnce(
  { visitor: open }: TestConsole,
  forms: readonly { name: string; secret: string; from?: string }[],
): Promise<number[]> {
  const visitor = open()
  await visitor.get('/ui/sign-in')
  return Promise.all(
    forms.map(async ({ name, secret, from }) => {
      const asked = visitor.post('/ui/sign-in', { name, secret })
      return (await (from === undefined ? asked : asked.set('x-forwarded-for', from))).status
    }),
  )
}

const count = (statuses: readonly number[], status: number) => statuses.filter((one) => one === status).length

describe('sign-ins at once', () => {
  it('are counted before they are checked: of sixty guesses five are, and the right one is not among them', async () => {
    site = await startTestConsole({ AUTH_MAX_ATTEMPTS: '5' })
    const guesses = Array.from({ length: 60 }, (_, at) => ({
      name: 'admin',
      secret: at === 40 ? 'admin-secret' : `guess-${at}`,
    }))
    const statuses = await signInAtOnce(site, guesses)
    expect([count(statuses, 401), count(statuses, 429), count(statuses, 303)]).toEqual([5, 55, 0])
  })

  it('are counted for a user under all spellings of the name', async () => {
    site = await startTestConsole({ AUTH_MAX_ATTEMPTS: '5' })
    const names = ['pat', 'Pat', 'PAT', '000000000000/pat', '000000000000/pAt', 'paT']
    const statuses = await signInAtOnce(
      site,
      names.map((name) => ({ name, secret: 'wrong' })),
    )
    expect([count(statuses, 401), count(statuses, 429)]).toEqual([5, 1])
  })

  it('of those who are right all succeed', async () => {
    site = await startTestConsole({ AUTH_MAX_ATTEMPTS: '5' })
    const statuses = await signInAtOnce(
      site,
      Array.from({ length: 30 }, () => ({ name: 'admin', secret: 'admin-secret' })),
    )
    expect(count(statuses, 303)).toBe(30)
  })

  it.each(['admin', 'nobody'])(
    'wait in a queue that has an end, whether the name is a key or not (%s)',
    async (name) => {
      site = await startTestConsole({ AUTH_MAX_ATTEMPTS: '1000' })
      const forms = Array.from({ length: 80 }, (_, at) => ({ name, secret: `guess-${at}` }))
      const statuses = await signInAtOnce(site, forms)
      expect(count(statuses, 401) + count(statuses, 429)).toBe(80)
      expect(count(statuses, 401)).toBeGreaterThanOrEqual(60)
      expect(count(statuses, 429)).toBeGreaterThan(0)
      expect((await site.signIn('admin')).token()).not.toBe('')
    },
  )

  it('of a stranger lock nobody out who comes from elsewhere', async () => {
    site = await startTestConsole({ AUTH_MAX_ATTEMPTS: '5', TRUSTED_PROXIES: '127.0.0.1' })
    const wrong = Array.from({ length: 6 }, () => ({ name: 'admin', secret: 'wrong', from: '192.0.2.1' }))
    expect(count(await signInAtOnce(site, wrong), 429)).toBe(1)
    const right = { name: 'admin', secret: 'admin-secret' }
    expect(await signInAtOnce(site, [{ ...right, from: '192.0.2.1' }])).toEqual([429])
    expect(await signInAtOnce(site, [{ ...right, from: '192.0.2.2' }])).toEqual([303])
  })
})

describe('plain keys', () => {
  it('are locked for the address that fails, and not for others', async () => {
    app = await startApp({ settings: { TRUSTED_PROXIES: '127.0.0.1' } })
    const { accessKeyId, secretAccessKey } = keysOf('ROOTKEYOFACCOUNTONE1')
    const ask = async (secret: string, from: string) => {
      const headers = { 'x-access-key': accessKeyId, 'x-secret-key': secret, 'x-forwarded-for': from }
      return (await fetch(`${app?.endpoint}/`, { headers })).status
    }
    for (let at = 0; at < 5; at++) expect(await ask('wrong', '192.0.2.1')).toBe(403)
    expect(await ask(secretAccessKey, '192.0.2.1')).toBe(403)
    expect(await ask(secretAccessKey, '192.0.2.2')).toBe(200)
  })
})

describe('passwords over IAM', () => {
  const pat = keysOf('KEYOFTHEUSERPAT00001')
  const document = {
    version: 2,
    accounts: [
      {
        id: accountId,
        keys: [{ id: 'ROOTKEYOFACCOUNTONE1', secret: 'ROOTKEYOFACCOUNTONE1-secret' }],
        users: [
          {
            name: 'pat',
            keys: [{ id: pat.accessKeyId, secret: pat.secretAccessKey }],
            attached: ['arn:aws:iam::aws:policy/IAMFullAccess'],
          },
        ],
      },
    ],
  }
  const change = (OldPassword: string) => new aws.ChangePasswordCommand({ OldPassword, NewPassword: 'another one' })

  it('cannot be guessed by changing them', async () => {
    app = await startApp({ document })
    const { iam } = app
    await iam().send(new aws.CreateLoginProfileCommand({ UserName: 'pat', Password: 'the right one' }))
    const guesses = Array.from({ length: 40 }, (_, at) => change(at === 20 ? 'the right one' : `guess ${at}`))
    const messages = await Promise.all(
      guesses.map((guess) =>
        iam(pat)
          .send(guess)
          .then(
            () => 'changed',
            (error: Error) => error.message,
          ),
      ),
    )
    const wrong = messages.filter((message) => message === 'The old password was incorrect.')
    const locked = messages.filter((message) => message.startsWith('Access temporarily locked.'))
    expect([wrong.length, locked.length]).toEqual([5, 35])
  })

  it('are set one at a time, and more than wait are refused as throttled', async () => {
    app = await startApp({ document })
    const { iam } = app
    await iam().send(new aws.CreateLoginProfileCommand({ UserName: 'pat', Password: 'the right one' }))
    const outcomes = await Promise.all(
      Array.from({ length: 80 }, (_, at) =>
        iam()
          .send(new aws.UpdateLoginProfileCommand({ UserName: 'pat', Password: `password ${at}` }))
          .then(
            () => 'set',
            (error: aws.IAMServiceException) => `${error.$metadata.httpStatusCode} ${error.name}`,
          ),
      ),
    )
    expect(new Set(outcomes)).toEqual(new Set(['set', '429 Throttling']))
  })
})
