import { describe, expect, test } from '@jest/globals'
import { isLeftOver, thisRun } from '../../../../src/collect/node/pod/run.ts'
import { podRefusal } from '../../../../src/collect/node/pod/refusal.ts'
import { podState, type PodSeen } from '../../../../src/collect/node/pod/state.ts'

const container = (state: object): PodSeen => ({ status: { phase: 'Pending', containerStatuses: [{ state }] } })

describe('what a pod’s status means', () => {
  test.each<[string, PodSeen, string]>([
    ['nobody has looked at it', {}, 'starting: Pending'],
    ['its container is made', container({ waiting: { reason: 'ContainerCreating' } }), 'starting: ContainerCreating'],
    ['it runs', container({ running: {} }), 'running'],
    [
      'the registry has no such image',
      container({ waiting: { reason: 'ErrImagePull', message: 'localhost/none:1: not found.' } }),
      'the image IMAGE cannot be had there (ErrImagePull): localhost/none:1: not found',
    ],
    [
      'it is waited before the next pull',
      container({ waiting: { reason: 'ImagePullBackOff' } }),
      'the image IMAGE cannot be had there (ImagePullBackOff)',
    ],
    [
      'the image has no sleep',
      container({ waiting: { reason: 'RunContainerError', message: 'exec: "sleep": not found' } }),
      'the container cannot be started there (RunContainerError): exec: "sleep": not found',
    ],
    [
      'the kubelet does not admit it',
      { status: { phase: 'Failed', reason: 'OutOfpods', message: 'Node didn’t have enough resource: pods' } },
      'its pod ended (OutOfpods): Node didn’t have enough resource: pods',
    ],
    [
      'somebody deletes it',
      { ...container({ running: {} }), metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } },
      'its pod was deleted by somebody else',
    ],
  ])('%s', (_, pod, expected) => {
    const state = podState(pod, 'IMAGE')
    const said = {
      running: 'running',
      failed: 'why' in state ? state.why : '',
      starting: 'at' in state ? `starting: ${state.at}` : '',
    }
    expect(said[state.is]).toBe(expected)
  })
})

describe('why the API server makes no pod', () => {
  test.each([
    [
      403,
      'pods is forbidden: User "reader" cannot create resource "pods" in API group "" in the namespace "vipdoctor"',
      /^the right to create pods in namespace ns is missing \(403\); the Role rule is \{apiGroups: \[""\], resources: \["pods"\], verbs: \["create"\]\}/,
    ],
    [
      403,
      'pods "x" is forbidden: User "reader" cannot get resource "pods/exec" in API group "" in the namespace "vipdoctor"',
      /^the right to get pods\/exec in namespace ns is missing/,
    ],
    [
      403,
      'pods "x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
      /^namespace ns has the label pod-security\.kubernetes\.io\/enforce: baseline, which refuses/,
    ],
    [
      500,
      'Internal error occurred: failed calling webhook "pods.example.org": failed to call webhook: Post "https://x.svc:443/": context deadline exceeded',
      /^the admission webhook pods\.example\.org does not answer, so no pod can be made/,
    ],
    [
      400,
      'admission webhook "policy.example.org" denied the request: no host network here',
      /^the admission webhook policy\.example\.org refuses the pod: no host network here$/,
    ],
    [404, 'namespaces "ns" not found', /^there is no namespace ns; --node-namespace names another$/],
    [403, 'pods "x" is forbidden: exceeded quota: few', /^the API server refuses the pod: .*exceeded quota: few$/],
    [
      500,
      'error dialing backend: dial tcp 10.0.0.9:10250: connect: connection refused',
      /^the API server does not reach the node's kubelet \(dial tcp 10\.0\.0\.9:10250: connect: connection refused\)$/,
    ],
  ])('%i %s', (status, reason, expected) => {
    expect(podRefusal({ refusal: true, status, reason, everywhere: false }, 'ns')).toMatch(expected)
  })
})

describe('which pods nobody uses any more', () => {
  const own = thisRun()
  const [place] = own.split('-')
  const now = Date.parse('2026-01-01T01:00:00Z')
  const pod = (run: string, more: Partial<PodSeen> = {}, createdAt = '2026-01-01T00:59:00Z'): PodSeen => ({
    metadata: { labels: { 'vipdoctor/run': run }, creationTimestamp: createdAt },
    spec: { activeDeadlineSeconds: 300 },
    ...more,
  })
  // No process has this number: the kernel's own limit lies below.
  const gone = `${place ?? ''}-4194305-a`
  test.each<[string, PodSeen, boolean]>([
    ['one of this run', pod(own), false],
    ['one of a process of this machine that is gone', pod(gone), true],
    ['one of a process of this machine that lives', pod(`${place ?? ''}-${String(process.ppid)}-a`), false],
    ['one of another machine', pod('0123456789-4194305-a'), false],
    ['one of another machine past its deadline', pod('0123456789-1-a', {}, '2026-01-01T00:50:00Z'), true],
    ['one that has ended', pod('0123456789-1-a', { status: { phase: 'Failed' } }), true],
  ])('%s', (_, seen, expected) => {
    expect(isLeftOver(seen, own, now)).toBe(expected)
  })

  test('the label of a run is one that Kubernetes takes', () => {
    expect(own).toMatch(/^[a-z0-9]+-[0-9]+-[a-z0-9]+$/)
    expect(own.length).toBeLessThan(40)
  })
})
