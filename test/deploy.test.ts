import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import load from 'js-yaml'
import { testNeeding } from './kit/needing.ts'

// deploy/: what runs vipdoctor in a cluster. That it runs there, test/e2e/deploy.test.ts shows.

const root = path.join(import.meta.dirname, '..')
const deployed = (file: string): string => readFileSync(path.join(root, 'deploy', file), 'utf8')

interface Account {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly roleRef?: { readonly kind: string; readonly name: string }
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace: string }[]
}

interface Pod {
  readonly spec: {
    readonly serviceAccountName: string
    readonly restartPolicy: string
    readonly containers: readonly { readonly args: readonly string[] }[]
  }
}

test('its rights are those that `policy` prints, and no others', () => {
  const printed = execFileSync(
    process.execPath,
    [path.join(root, 'bin/run.js'), 'policy', '--kubernetes', '--nodes', 'pod'],
    { encoding: 'utf8' },
  )
  expect(load.loadAll(deployed('rights.yaml'))).toEqual(load.loadAll(printed))
  const bound = (load.loadAll(deployed('account.yaml')) as Account[]).map(({ kind, roleRef, subjects }) => [
    kind,
    roleRef === undefined ? null : `${roleRef.kind}/${roleRef.name}`,
    subjects?.map((one) => `${one.kind} ${one.namespace}/${one.name}`) ?? null,
  ])
  const account = ['ServiceAccount vipdoctor/vipdoctor']
  expect(bound).toEqual([
    ['ServiceAccount', null, null],
    ['ClusterRoleBinding', 'ClusterRole/vipdoctor', account],
    ['RoleBinding', 'Role/vipdoctor', account],
  ])
})

const job = (): Pod =>
  (load.load(deployed('cron-job.yaml')) as { spec: { jobTemplate: { spec: { template: Pod } } } }).spec.jobTemplate.spec
    .template

test('its pod may do nothing on its node, and runs once', () => {
  expect(job()).toMatchObject({
    spec: {
      serviceAccountName: 'vipdoctor',
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    },
  })
})

test('its arguments are ones that check knows: it goes as far as the API server, of which there is none', () => {
  const [container] = job().spec.containers
  const args = (container?.args ?? []).map((one) => one.replace('/dev/termination-log', '/dev/null'))
  const { status, stderr } = spawnSync(process.execPath, [path.join(root, 'bin/run.js'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: '/nonexistent' },
  })
  expect({ status, stderr }).toEqual({
    status: 2,
    stderr: expect.stringMatching(/^vipdoctor: There is no kubeconfig, and this is no pod of a cluster\./),
  })
})

testNeeding('kubectl')('Kustomize makes the Job of the CronJob’s own pod', () => {
  const built = load.loadAll(execFileSync('kubectl', ['kustomize', path.join(root, 'deploy')], { encoding: 'utf8' }))
  const objects = built as readonly (Account & { readonly spec: { readonly template: Pod } })[]
  expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`).sort()).toEqual([
    'ClusterRole /vipdoctor',
    'ClusterRoleBinding /vipdoctor',
    'CronJob vipdoctor/vipdoctor',
    'Job vipdoctor/vipdoctor',
    'Namespace /vipdoctor',
    'Role vipdoctor/vipdoctor',
    'RoleBinding vipdoctor/vipdoctor',
    'ServiceAccount vipdoctor/vipdoctor',
  ])
  expect(objects.find(({ kind }) => kind === 'Job')?.spec.template).toEqual(job())
})
