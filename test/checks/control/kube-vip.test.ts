import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Json } from '../../kit/fixtures.ts'
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
