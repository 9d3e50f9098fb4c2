import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'control/health-check-node-port'

test('kube-proxy answers on every node', async () => {
  expect(await foundIn('etp-local', id)).toEqual([
    ['pass', 'kube-proxy answers health checks of Service default/nginx-lb on port 32651 of 4 nodes.'],
  ])
})

test('with externalTrafficPolicy Cluster there is no such port', async () => {
  expect((await foundIn('lan-healthy', id))[0]?.[0]).toBe('skipped')
})

test.each([[0], [undefined]])('a port that is not allocated (%p)', async (port) => {
  const evidence = await variant('etp-local', {
    'kubernetes/services.json': editJson((list: Json) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'nginx-lb').spec.healthCheckNodePort = port
    }),
  })
  expect(found(evidence, id)).toEqual([
    [
      'warn',
      'Service default/nginx-lb has externalTrafficPolicy Local and no healthCheckNodePort: a load balancer in front of the nodes cannot tell which of them have an endpoint.',
    ],
  ])
  expect(diagnosisOf(evidence, 'default/nginx-lb').verdict).toBe('reachable')
})

test('a node where nothing listens, and one where another program holds the port', async () => {
  const without = (text: string) => text.replace(/^.*:32651 .*\n/m, '')
  expect(
    found(
      await variant('etp-local', {
        'nodes/worker-0/ss-listen.txt': without,
        'nodes/worker-1/ss-listen.txt': without,
      }),
      id,
    ),
  ).toEqual([
    [
      'warn',
      'Nothing listens on the health check port 32651 of Service default/nginx-lb on worker-0: a load balancer in front learns nothing from kube-proxy there. The same holds on worker-1.',
    ],
  ])
  const other = (text: string) => text.replace(/(:32651 .*)"kube-proxy"/, '$1"sshd"')
  expect(found(await variant('etp-local', { 'nodes/worker-1/ss-listen.txt': other }), id)).toEqual([
    [
      'warn',
      expect.stringMatching(/^sshd holds the health check port 32651 of Service default\/nginx-lb on worker-1:/),
    ],
  ])
})

test('without sockets nothing is said of them', async () => {
  const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']
  const gone = Object.fromEntries(nodes.map((node) => [`nodes/${node}/ss-listen.txt`, null]))
  expect(found(await variant('etp-local', gone), id)).toEqual([
    ['skipped', 'Health checks go to port 32651; the sockets of kube-proxy are in no evidence.'],
  ])
})
