/** Settings of a bucket that hold one value. */
import { type BadCase, type Given, table } from '../case.ts'
import { absent } from './policies-and-deletes.ts'

const acceleration = (status: string): Given => ({
  body: `<AccelerateConfiguration>${status}</AccelerateConfiguration>`,
})

export const smallSettings: readonly BadCase[] = [
  ...table('PutBucketAccelerateConfiguration', 'PUT /bucket?accelerate', acceleration('<Status>Enabled</Status>'), [
    ...absent('PUT', 'accelerate'),
    ['that is no XML', { body: '{' }, '400 MalformedXML'],
    ['of no status', acceleration(''), '400 MalformedXML'],
    ['of a status there is none of', acceleration('<Status>enabled</Status>'), '400 MalformedXML'],
    ['with an element there is none of', acceleration('<Status>Enabled</Status><Fast/>'), '400 MalformedXML'],
    ['without a document', { body: '' }, '400 MissingRequestBodyError'],
  ]),
]
