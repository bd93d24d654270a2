/** The maps of IAM and STS against the service models of AWS's own clients. */
import * as clientIam from '@aws-sdk/client-iam'
import * as clientSts from '@aws-sdk/client-sts'
import { describe, expect, it } from 'vitest'
import { operations as iamOperations } from '#iam/operations.ts'
import { operations as stsOperations } from '#sts/operations.ts'

const commandsOf = (client: object) =>
  Object.keys(client)
    .filter((name) => /^[A-Z]\w+Command$/.test(name))
    .map((name) => name.replace(/Command$/, ''))
    .sort()
const namesOf = (rows: readonly { name: string }[]) => rows.map(({ name }) => name).sort()

describe('every operation of AWS has a row, served or said not to be', () => {
  it('in IAM', () => expect(namesOf(iamOperations)).toEqual(commandsOf(clientIam)))
  it('in STS', () => expect(namesOf(stsOperations)).toEqual(commandsOf(clientSts)))

  it('and more than a hundred of IAM are served', () => {
    expect(iamOperations.filter(({ on }) => on !== 'unsupported').length).toBeGreaterThan(100)
  })
})
