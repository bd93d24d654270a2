/** The operations of S3, IAM, STS and KMS, from the tables that requests are matched against. */
import { operations as iamOperations } from '#iam/operations.ts'
import { operations as kmsOperations } from '#kms/operations.ts'
import { anonymous, type Principal } from '#model/account.ts'
import { notBuiltRows } from '#s3/bucket/settings/not-built.ts'
import type { OperationRow } from '#s3/operation.ts'
import { operations as s3Operations } from '#s3/operations.ts'
import { operations as stsOperations } from '#sts/operations.ts'
import { code, table, wrap } from './markdown.ts'

type Answer = 'served' | 'never set' | '405' | '501'

function answerOf(row: OperationRow): Answer {
  if (row.isUnserved === true) return '501'
  if (row.isRefused === true) return '405'
  return notBuiltRows.includes(row) ? 'never set' : 'served'
}

/** The actions that a row asks about, for signed and anonymous requests, with and without a version id. */
function actionsOf({ action }: OperationRow): string {
  if (typeof action !== 'function') return action ?? ''
  const versions = [new Map(), new Map([['versionId', '1']])]
  const signed = { ...anonymous, isAnonymous: false } as Principal
  const asked = versions.flatMap((query) => [anonymous, signed].map((principal) => action({ query, principal })))
  return [...new Set(asked)].filter((name) => name !== undefined).join(', ')
}

export function s3Table(): string {
  const rows = s3Operations.map((row) => [
    row.name,
    code(row.route),
    row.isUnserved === true ? '' : actionsOf(row),
    answerOf(row),
  ])
  return table(['Operation', 'Request', 'Action', 'Answer'], rows)
}

export function iamLists(): string {
  const isServed = (row: (typeof iamOperations)[number]) => row.on !== 'unsupported'
  return lists(
    iamOperations.filter(isServed).map(({ name }) => name),
    iamOperations.filter((row) => !isServed(row)).map(({ name }) => name),
  )
}

type MarkedRow = { readonly name: string; readonly isUnserved?: true }

const markedLists = (rows: readonly MarkedRow[], refusal?: string): string =>
  lists(
    rows.filter(({ isUnserved }) => isUnserved !== true).map(({ name }) => name),
    rows.filter(({ isUnserved }) => isUnserved === true).map(({ name }) => name),
    refusal,
  )

export const stsLists = (): string => markedLists(stsOperations)
export const kmsLists = (): string => markedLists(kmsOperations, 'UnsupportedOperationException')

const lists = (served: readonly string[], unserved: readonly string[], refusal = '501'): string =>
  [
    wrap(`Served (${served.length}): ${served.join(', ')}.`),
    wrap(`${refusal} (${unserved.length}): ${unserved.join(', ')}.`),
  ].join('\n\n')

/** The counts for README. */
export function operationCounts(): string {
  const count = (answer: Answer) => s3Operations.filter((row) => answerOf(row) === answer).length
  const iamServed = iamOperations.filter(({ on }) => on !== 'unsupported').length
  const marked = (name: string, rows: readonly MarkedRow[]) => {
    const served = rows.filter(({ isUnserved }) => isUnserved !== true).length
    return [name, `${served}`, '', '', `${rows.length - served}`]
  }
  return table(
    ['', 'Served', 'Answered as never set', 'Refused as on AWS', 'Not supported'],
    [
      ['S3', `${count('served')}`, `${count('never set')}`, `${count('405')}`, `${count('501')}`],
      ['IAM', `${iamServed}`, '', '', `${iamOperations.length - iamServed}`],
      marked('STS', stsOperations),
      marked('KMS', kmsOperations),
    ],
  )
}
