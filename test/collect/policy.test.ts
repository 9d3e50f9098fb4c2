import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import load from 'js-yaml'
import { checks } from '../../src/checks/index.ts'
import { clusterRole, iamPolicy, podRole } from '../../src/collect/policy.ts'
import { wantedBy } from '../../src/collect/wanted.ts'
import { awsKinds } from '../../src/evidence/ec2/kinds.ts'
import { kubernetesKinds } from '../../src/evidence/kubernetes/kinds.ts'

const sources = (folder: string): string[] =>
  readdirSync(new URL(`../../src/${folder}/`, import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(import.meta.dirname, '../../src', folder, file), 'utf8'))

test('what a live check lists is all that the code looks at, declared or not', () => {
  const { kubernetes } = wantedBy(checks, { internet: false })
  const code = ['lb', 'fabric', 'node', 'journey', 'diagnosis', 'checks'].flatMap(sources).join('\n')
  const used = [...code.matchAll(/\bkubernetes\.([a-z0-9]+)\b(?!\.io)/g)]
    .map(([, name]) => name)
    .filter((name) => name !== undefined && name in kubernetesKinds)
  expect([...new Set(used)].filter((name) => !(kubernetes as string[]).includes(name ?? ''))).toEqual([])
})

test('the listings of an account that the code looks at are those that a live check of any client asks for', () => {
  const { aws } = wantedBy(checks, { internet: true })
  const code = ['lb', 'fabric', 'node', 'journey', 'diagnosis', 'checks'].flatMap(sources).join('\n')
  const used = [...code.matchAll(/\baws\.([A-Za-z]+)\b/g)]
    .map(([, name = '']) => name)
    .filter((name) => name in awsKinds)
  expect(used).toContain('instances')
  expect([...new Set(used)].filter((name) => !(aws as string[]).includes(name))).toEqual([])
})

test('the ClusterRole lists, and does nothing else; no Secret is in it', () => {
  const role = clusterRole(wantedBy(checks, { internet: false }).kubernetes)
  expect(role).toMatch(/^apiVersion: rbac\.authorization\.k8s\.io\/v1\nkind: ClusterRole\n/)
  expect([...role.matchAll(/verbs: (.*)/g)].map(([, verbs]) => verbs)).toEqual(
    role.match(/apiGroups/g)?.map(() => '["list"]'),
  )
  expect(role).not.toContain('secrets')
  expect(role).toContain('- apiGroups: ["discovery.k8s.io"]\n    resources:\n      - endpointslices\n')
})

test('the IAM policy describes and gets, and a client on the internet needs its gateways', () => {
  const actions = (internet: boolean) =>
    (JSON.parse(iamPolicy(wantedBy(checks, { internet }).aws)) as { Statement: [{ Action: string[] }] }).Statement[0]
      .Action
  for (const action of actions(true)) expect(action).toMatch(/^ec2:(Describe|Get)[A-Za-z]+$/)
  expect(actions(false)).toEqual([...actions(false)].sort())
  expect(actions(false)).toContain('ec2:DescribeNetworkInterfaces')
  expect(actions(true)).toEqual(expect.arrayContaining(['ec2:DescribeInternetGateways', 'ec2:DescribeNatGateways']))
})

test('the Role makes, lists and deletes pods and runs something in them, in one namespace, and nothing else', () => {
  const documents = load.loadAll(podRole('vipdoctor'))
  expect(documents).toMatchObject([
    {
      kind: 'Namespace',
      metadata: { name: 'vipdoctor', labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    },
    {
      kind: 'Role',
      metadata: { name: 'vipdoctor', namespace: 'vipdoctor' },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['create', 'delete', 'list'] },
        { apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] },
      ],
    },
  ])
})
