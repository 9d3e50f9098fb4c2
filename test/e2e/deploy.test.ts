import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect } from '@jest/globals'
import load from 'js-yaml'
import { lacking, testNeeding } from '../kit/needing.ts'
import { buildImage } from './image.ts'
import { hasEtcd, startCluster, type RealCluster } from './kube-apiserver.ts'
import { nodeNeeds, nodeTools, startNode, type RealNode } from './kubelet.ts'
import { tool } from './tools.ts'

// deploy/ on a real cluster of one node: its image is built of its Dockerfile, and its Job reads the node by a pod.

const programs = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl'].map(tool)
const needs = [...nodeNeeds, ...programs, 'etcd', 'buildah', 'npm']
const ready = lacking(needs) === null && hasEtcd()
const where = testNeeding(...needs)

let cluster: RealCluster
let node: RealNode
let folder: string

beforeAll(async () => {
  if (!ready) return
  folder = mkdtempSync(path.join(os.tmpdir(), 'vipdoctor-deploy-'))
  const archive = buildImage(folder, 'localhost/vipdoctor:1')
  cluster = await startCluster({ podSecurity: true, controllers: true })
  node = await startNode(cluster, 'worker-0')
  node.image('localhost/tools:1', nodeTools)
  node.load(archive)
}, 900_000)
afterAll(() => {
  if (!ready) return
  node.stop()
  cluster.stop()
  rmSync(folder, { recursive: true })
})

/** What a user lays over deploy/: the image, and here the way to an API server that no kube-proxy leads to. */
function overlay(): string {
  cpSync(path.join(import.meta.dirname, '../../deploy'), path.join(folder, 'deploy'), { recursive: true })
  const { hostname, port } = new URL(cluster.url)
  const env = [
    { name: 'KUBERNETES_SERVICE_HOST', value: hostname },
    { name: 'KUBERNETES_SERVICE_PORT', value: port },
  ]
  const pod = '/spec/template/spec'
  const patch = [
    { op: 'add', path: `${pod}/hostNetwork`, value: true },
    { op: 'add', path: `${pod}/containers/0/env`, value: env },
    { op: 'add', path: `${pod}/containers/0/args/-`, value: '--node-image=localhost/tools:1' },
    { op: 'add', path: `${pod}/containers/0/args/-`, value: '--fabric=lan' },
  ]
  const made = {
    resources: ['deploy'],
    images: [{ name: 'vipdoctor', newName: 'localhost/vipdoctor', newTag: '1' }],
    patches: [{ target: { kind: 'Job' }, patch: JSON.stringify(patch) }],
  }
  writeFileSync(path.join(folder, 'kustomization.yaml'), load.dump(made))
  return folder
}

interface Terminated {
  readonly exitCode: number
  readonly message: string
}

async function untilDone(): Promise<Terminated> {
  const path = '{.items[0].status.containerStatuses[0].state.terminated}'
  for (let tries = 0; tries < 600; tries += 1) {
    const pods = ['-n', 'vipdoctor', 'get', 'pods', '-l', 'job-name=vipdoctor', '-o', `jsonpath=${path}`]
    const text = cluster.kubectl(pods)
    if (text !== '') return JSON.parse(text) as Terminated
    await sleep(300)
  }
  throw new Error(cluster.kubectl(['-n', 'vipdoctor', 'describe', 'jobs,pods']))
}

/** The log is written by the runtime, for itself: on a busy machine a moment after the container has ended. */
async function written(): Promise<string> {
  for (let tries = 0; ; tries += 1) {
    const log = cluster.kubectl(['-n', 'vipdoctor', 'logs', 'job/vipdoctor'])
    if (log !== '' || tries === 100) return log
    await sleep(300)
  }
}

where(
  'the Job reads the node by a pod, and its findings leave by its log, its exit code and its termination message',
  async () => {
    const vip = '198.51.100.100'
    const spec = { type: 'LoadBalancer', selector: { app: 'none' }, ports: [{ port: 80 }] }
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'default' }, spec }
    cluster.kubectl(['apply', '-f', '-'], JSON.stringify(service))
    const status = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: vip }] } } })
    cluster.kubectl(['patch', 'service', 'web', '--subresource=status', '-p', status])

    cluster.kubectl(['apply', '-f', '-'], cluster.kubectl(['kustomize', overlay()]))
    const { exitCode, message } = await untilDone()
    const log = await written()
    expect({ exitCode, message, log }).toMatchObject({ log: expect.stringMatching(/^\{$/m) })
    const report = JSON.parse(log.slice(log.indexOf('{\n'))) as {
      readonly verdict: string
      readonly gate: { readonly exitCode: number }
      readonly gaps: readonly { readonly source: string }[]
      readonly diagnoses: readonly { readonly vip: string }[]
    }
    expect(report.diagnoses.map((one) => one.vip)).toEqual([vip])
    expect(exitCode).toBe(report.gate.exitCode)
    expect([1, 3]).toContain(exitCode)
    // The node was read: its rules are proof, or say nothing of the VIP, and are no gap.
    expect(report.gaps.map(({ source }) => source)).not.toContain('nodes/worker-0/iptables-nft-save.txt')
    expect(log).toContain('"file": "nodes/worker-0/')
    expect(message).toContain(`${vip}:80  default/web`)
    expect(message).toContain(`Exit code ${String(exitCode)}`)
    // What it made on the nodes is gone, and the Job is not tried again.
    const pods = cluster.kubectl(['get', 'pods', '-A', '-o', 'jsonpath={.items[*].metadata.labels}'])
    expect(pods.match(/"app.kubernetes.io\/name":"[^"]*"/g)).toEqual(['"app.kubernetes.io/name":"vipdoctor"'])
  },
)
