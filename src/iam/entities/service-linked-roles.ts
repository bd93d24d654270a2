/** Roles that a service of AWS uses: they exist and can be listed, although no service here uses them. */

import type { IamRequest, IamRow, Target } from '#iam/request.ts'
import { rules } from '#iam/rules.ts'
import { roleShape } from '#iam/shapes.ts'
import { onRole } from '#iam/targets.ts'
import {
  assertDeletionTask,
  createLinkedRole,
  deleteLinkedRole,
  linkedRolePath,
  parseDeletionTask,
} from '#identity/accounts/service-linked-roles.ts'
import { linkedServices } from '#identity/aws-policies/linked-services.ts'
import { arnOf } from '#identity/principals/principal-arn.ts'

/** The target has the name that the role will have. If there can be none, `run` throws the reason. */
function onNewRole({ account, params }: IamRequest): Target {
  const service = params.find('AWSServiceName') ?? ''
  const name = linkedServices.get(service)?.roleName ?? ''
  const suffix = params.find('CustomSuffix')
  const arn = arnOf(account.id, 'role', {
    path: linkedRolePath(service),
    name: suffix === undefined ? name : `${name}_${suffix}`,
  })
  return { arn, context: { 'iam:awsservicename': service } }
}

/** The role that the task deleted. */
function onDeletedRole({ account, params }: IamRequest): Target {
  const role = parseDeletionTask(params.find('DeletionTaskId') ?? '')
  return { arn: role === undefined ? '*' : arnOf(account.id, 'role', role) }
}

export const serviceLinkedRoleRows: readonly IamRow[] = [
  {
    name: 'CreateServiceLinkedRole',
    on: onNewRole,
    async run({ params, change }) {
      const given = {
        service: params.get('AWSServiceName', rules.serviceName),
        suffix: params.find('CustomSuffix', rules.customSuffix),
        description: params.find('Description', rules.description),
      }
      return change((account, nowMs) => ({ Role: roleShape(account, createLinkedRole(account, given, nowMs)) }))
    },
  },
  {
    name: 'DeleteServiceLinkedRole',
    on: onRole,
    async run({ params, change }) {
      const name = params.get('RoleName', rules.roleName)
      return change((account) => ({ DeletionTaskId: deleteLinkedRole(account, name) }))
    },
  },
  {
    name: 'GetServiceLinkedRoleDeletionStatus',
    on: onDeletedRole,
    run({ params, account }) {
      assertDeletionTask(account, params.get('DeletionTaskId', rules.deletionTask))
      return { Status: 'SUCCEEDED' }
    },
  },
]
