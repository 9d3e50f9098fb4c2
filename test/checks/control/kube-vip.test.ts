import { describe, expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { kubeVipCluster, pods } from '../../kit/kube-vip.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'control/kube-vip'
const controlPlane = '10.240.0.5'

test('ready pods pass', async () => {
  expect(await foundIn('control-plane-vip', id, controlPlane)).toEqual([
    ['pass', 'All 2 kube-vip pods are ready in ARP mode, on controller-0 and controller-1.'],
  ])
  expect(await foundIn('control-plane-vip', id)).toEqual([['skipped', 'kube-vip serves the control plane only.']])
})

const recorded = (edit: (env: Json[]) => void) =>
  variant('control-plane-vip', {
    [pods]: editJson((list: Json) => {
      for (const { metadata, spec } of list.items)
        if (metadata.name.startsWith('kube-vip-')) edit(spec.containers[0].env)
    }),
  })
const set = (env: Json[], name: string, value: string) => {
  const found = env.find((one) => one.name === name)
  if (found === undefined) env.push({ name, value })
  else found.value = value
}

test('settings that end the process are named', async () => {
  expect(
    found(
      await recorded((env) => {
        set(env, 'vip_arp', 'false')
      }),
      id,
      controlPlane,
    ),
  ).toEqual([
    [
      'fail',
      'kube-vip in kube-vip-controller-0 ends as soon as it starts: no mode is on (vip_arp, bgp_enable, vip_routingtable, vip_wireguard).',
    ],
  ])
  expect(
    found(
      await recorded((env) => {
        set(env, 'bgp_enable', 'true')
      }),
      id,
      controlPlane,
    ),
  ).toEqual([['fail', expect.stringContaining('2 modes are on at once: ARP and BGP')]])
})

test('ARP without leader election means several holders', async () => {
  expect(
    found(
      await recorded((env) => {
        set(env, 'vip_leaderelection', 'false')
      }),
      id,
      controlPlane,
    ),
  ).toEqual([
    [
      'fail',
      '2 kube-vip pods elect no leader (vip_leaderelection is not true), so controller-0 and controller-1 all take 10.240.0.5 by ARP.',
    ],
  ])
})

test('pods that crash are the cause where nobody has the address, and no cause where somebody does', async () => {
  const crash = (own: readonly Json[]) => {
    for (const { status } of own) {
      status.conditions[0].status = 'False'
      status.containerStatuses[0].restartCount = 7
    }
  }
  const gone = await kubeVipCluster({ holder: undefined, pods: crash })
  expect(found(gone, id)).toEqual([
    [
      'fail',
      expect.stringContaining(
        '2 of 2 kube-vip pods are not ready: kube-vip-ds-worker-0 on worker-0 is not ready after 7 restarts;',
      ),
    ],
  ])
  expect(diagnosisOf(gone, 'default/nginx-lb').causes.map((cause) => cause.id)).toEqual([id])
  const left = diagnosisOf(await kubeVipCluster({ pods: crash }), 'default/nginx-lb')
  expect([left.verdict, left.alsoWrong.map((one) => one.id)]).toEqual(['reachable', [id]])
})

test('the VIP as a node’s own address', async () => {
  const evidence = await variant('control-plane-vip', {
    'kubernetes/nodes.json': editJson((list: Json) => {
      list.items.find(({ metadata }: Json) => metadata.name === 'controller-1').status.addresses[0].address =
        controlPlane
    }),
  })
  expect(found(evidence, id, controlPlane)).toEqual([
    ['fail', expect.stringMatching(/^controller-1 gives the VIP 10\.240\.0\.5 as its own InternalIP:/)],
  ])
})

test('KV-N04 a kube-proxy in IPVS mode that took the control plane’s balancer away', async () => {
  const of = (service: string) =>
    variant('control-plane-vip', {
      [pods]: editJson((list: Json) => {
        for (const { metadata, spec } of list.items)
          if (metadata.name.startsWith('kube-vip-')) set(spec.containers[0].env, 'lb_enable', 'true')
      }),
      'nodes/controller-1/proxy-mode.txt': 'ipvs',
      'nodes/controller-1/proc-net-ip_vs.txt': `IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n${service}`,
    })
  expect(found(await of(''), id, controlPlane)).toEqual([
    [
      'fail',
      expect.stringMatching(
        /^kube-vip is to balance 10\.240\.0\.5:6443 by IPVS \(lb_enable\), but controller-1 has no/,
      ),
    ],
  ])
  expect(found(await of('TCP  0AF00005:192B rr  \n'), id, controlPlane)).toEqual([['pass', expect.any(String)]])
})

test('KV-N04 the same by ipvsadm, and by what kube-proxy was told', async () => {
  const of = (service: string) =>
    variant('control-plane-vip', {
      [pods]: editJson((list: Json) => {
        for (const { metadata, spec } of list.items)
          if (metadata.name.startsWith('kube-vip-')) set(spec.containers[0].env, 'lb_enable', 'true')
      }),
      'nodes/controller-1/proxy-mode.txt': null,
      'nodes/controller-1/kube-proxy-config.yaml': (text) => text.replace(/^mode:.*$/m, 'mode: ipvs'),
      'nodes/controller-1/ipvsadm.txt': `-A -t 10.32.0.1:443 -s rr\n${service}`,
    })
  const { alsoWrong, possibleCauses } = diagnosisOf(await of(''), controlPlane)
  expect([...alsoWrong, ...possibleCauses].map((one) => [one.reason, one.proof[0]?.file])).toEqual([
    ['no-ipvs-service', 'nodes/controller-1/ipvsadm.txt'],
  ])
  expect(found(await of('-A -t 10.240.0.5:6443 -s rr\n'), id, controlPlane)).toEqual([['pass', expect.any(String)]])
})

const addresses = 'kubernetes/nodes.json'

test('KV-N03 a VIP that a node or a machine of the VPC had before', async () => {
  const further = await variant('control-plane-vip', {
    [addresses]: editJson((list: Json) => {
      list.items[0].status.addresses.push({ type: 'ExternalIP', address: controlPlane })
    }),
  })
  expect(found(further, id, controlPlane)).toEqual([
    ['fail', expect.stringMatching(/^The VIP 10\.240\.0\.5 is the ExternalIP of \S+ too: an address has one owner/)],
  ])
  const dhcp = await kubeVipCluster({
    bound: [],
    changes: {
      'nodes/worker-1/ip-addr.json': editJson((links: Json) => {
        links
          .find(({ ifname }: Json) => ifname === 'eth0')
          .addr_info.push({ family: 'inet', local: '10.240.0.100', prefixlen: 24, scope: 'global', dynamic: true })
      }),
    },
  })
  expect(found(dhcp, id)).toEqual([
    ['fail', expect.stringContaining('is the address that worker-1 got for eth0 by DHCP: an address has one owner')],
  ])
  const primary = await variant('control-plane-vip', {
    'aws/describe-network-interfaces.json': editJson((answer: Json) => {
      for (const eni of answer.NetworkInterfaces)
        for (const one of eni.PrivateIpAddresses)
          if (one.PrivateIpAddress === controlPlane) {
            for (const other of eni.PrivateIpAddresses) other.Primary = other === one
            eni.PrivateIpAddress = controlPlane
          }
    }),
  })
  expect(found(primary, id, controlPlane)).toEqual([
    ['fail', expect.stringMatching(/^The VIP 10\.240\.0\.5 is the primary address of eni-\w+ \(controller-1\): /)],
  ])
  expect(found(await kubeVipCluster(), id)).toEqual([['pass', expect.any(String)]])
})

describe('a DaemonSet for the control plane without a pod', () => {
  const env = { vip_arp: 'true', cp_enable: 'true', vip_leaderelection: 'true', address: controlPlane }
  const kubeVipSet = {
    metadata: { name: 'kube-vip-ds', namespace: 'kube-system' },
    spec: {
      template: {
        spec: {
          nodeSelector: { site: 'north', 'node-role.kubernetes.io/control-plane': '' },
          tolerations: [{ operator: 'Exists' }],
          containers: [
            {
              name: 'kube-vip',
              image: 'ghcr.io/kube-vip/kube-vip:v1.2.3',
              env: Object.entries(env).map(([name, value]) => ({ name, value })),
            },
          ],
        },
      },
    },
    status: { desiredNumberScheduled: 0, numberReady: 0 },
  }
  const without = (changes: Readonly<Record<string, Change>> = {}, ready = 0) =>
    variant('control-plane-vip', {
      [pods]: editJson((list: Json) => {
        list.items = list.items.filter(({ metadata }: Json) => !metadata.name.startsWith('kube-vip-'))
      }),
      'kubernetes/nodes.json': editJson((list: Json) => {
        for (const { metadata } of list.items)
          if (metadata.name.startsWith('controller-')) metadata.labels['node-role.kubernetes.io/control-plane'] = ''
      }),
      'kubernetes/daemonsets.apps.json': editJson((list: Json) => {
        list.items.push({ ...kubeVipSet, status: { ...kubeVipSet.status, numberReady: ready } })
      }),
      ...changes,
    })
  const letGo = {
    'nodes/controller-1/ip-addr.json': editJson((links: Json) => {
      for (const link of links) link.addr_info = link.addr_info.filter(({ local }: Json) => local !== controlPlane)
    }),
  }
  const why =
    'DaemonSet kube-system/kube-vip-ds, which is to hold 10.240.0.5 by kube-vip, has no pod, because no node has the label site=north that its node selector asks for.'

  test('is the cause where no node has the address, and its fix puts the label of the control plane in place', async () => {
    const { verdict, causes } = diagnosisOf(await without(letGo), controlPlane)
    expect([verdict, causes.map((cause) => cause.id)]).toEqual(['unreachable', [id]])
    expect(causes[0]?.says).toBe(why)
    expect(causes[0]?.fix?.commands).toEqual([
      `kubectl -n kube-system patch daemonset kube-vip-ds --type merge -p '{"spec":{"template":{"spec":{"nodeSelector":{"site":null,"node-role.kubernetes.io/control-plane":""}}}}}'`,
    ])
  })

  test('stands besides where the node that led still has it', async () => {
    const { verdict, alsoWrong } = diagnosisOf(await without(), controlPlane)
    expect([verdict, alsoWrong.map(({ says }) => says)]).toEqual([
      'reachable',
      [`${why} controller-1 still has the address.`],
    ])
  })

  test('is no cause where the node that may still have it was not read', async () => {
    const evidence = await without({ 'nodes/controller-1/ip-addr.json': null })
    const { verdict, alsoWrong } = diagnosisOf(evidence, controlPlane)
    expect([verdict, alsoWrong.map((one) => one.id)]).toEqual(['inconclusive', [id]])
  })

  test('is not known where the listing lacks pods that the DaemonSet counts', async () => {
    expect(found(await without(letGo, 2), id, controlPlane)).toEqual([
      [
        'unknown',
        expect.stringContaining('lacks kube-vip’s: DaemonSet kube-system/kube-vip-ds counts 2 that are ready'),
      ],
    ])
  })
})
