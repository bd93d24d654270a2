/** The map of KMS against the service model of AWS's own client. */
import * as aws from '@aws-sdk/client-kms'
import { expect, it } from 'vitest'
import { operations } from '#kms/operations.ts'
import { actions } from '#policy/actions.ts'

const commands = Object.keys(aws)
  .filter((name) => /^[A-Z]\w+Command$/.test(name))
  .map((name) => name.replace(/Command$/, ''))

it('every operation of AWS has a row, served or said not to be', () => {
  expect(operations.map(({ name }) => name).sort()).toEqual(commands.sort())
})

it('every operation has its action', () => {
  const names = new Set([...actions.values()].map(({ name }) => name))
  const without = commands.filter((name) => name !== 'ReEncrypt' && !names.has(`kms:${name}`))
  expect(without).toEqual([])
})
