import { expect, test } from '@jest/globals'
import { diagnosisOf } from '../../kit/answers.ts'
import { editJson, variant, type Change, type Json } from '../../kit/fixtures.ts'
import { withFirewalld, withRules } from '../../kit/firewalled.ts'
import { found, foundIn } from '../../kit/found.ts'

const id = 'forwarding/cni-ports'
const nodes = ['controller-0', 'controller-1', 'worker-0', 'worker-1']

/** The recorded LAN, whose pods are reached by plain routes, with a tunnel in their place. */
const tunnelled = (device: string, files: Readonly<Record<string, Change>> = {}) =>
  variant('lan-healthy', {
    ...Object.fromEntries(
      nodes.map((node) => [
        `nodes/${node}/ip-route.json`,
        editJson((routes: Json) => {
          for (const route of routes) if (/^10\.200\.\d\.0/.test(route.dst) && route.gateway) route.dev = device
        }),
      ]),
    ),
    ...files,
  })

const onWorkers = (file: string, change: Change) => ({
  [`nodes/worker-0/${file}`]: change,
  [`nodes/worker-1/${file}`]: change,
})

test('plain routes need no tunnel', async () => {
  expect(await foundIn('lan-healthy', id)).toEqual([
    ['skipped', 'controller-0 sends to no endpoint of the Service through a tunnel.'],
  ])
})

test('a tunnel that no rule stops passes', async () => {
  expect(found(await tunnelled('flannel.1'), id)).toEqual([
    ['pass', 'The rules of the nodes let the tunnel from controller-0 to worker-0 and worker-1 through, both ways.'],
  ])
})

test.each<[string, string, string, Readonly<Record<string, Change>>, string, readonly string[]]>([
  [
    'a policy of DROP and a rule for ssh alone, before VXLAN',
    'flannel.1',
    'worker-0 and worker-1 drop udp/8472 from controller-0 (filter chain INPUT, by its policy)',
    onWorkers('iptables-nft-save.txt', withRules(['-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT'], { INPUT: 'DROP' })),
    'the tunnel flannel.1 of the CNI: what controller-0 passes on to pods on worker-0 and worker-1 is lost.',
    [
      'ssh worker-0 sudo iptables-nft -t filter -I INPUT -s 10.240.0.10 -d 10.240.0.20 -p udp --dport 8472 -j ACCEPT',
      'ssh worker-1 sudo iptables-nft -t filter -I INPUT -s 10.240.0.10 -d 10.240.0.21 -p udp --dport 8472 -j ACCEPT',
    ],
  ],
  [
    'firewalld that rejects, before Calico’s VXLAN',
    'vxlan.calico',
    'worker-0 and worker-1 reject udp/4789 from controller-0 (inet firewalld chain filter_IN_public)',
    onWorkers('nft-ruleset.json', withFirewalld()),
    'the tunnel vxlan.calico of the CNI: what controller-0 passes on to pods on worker-0 and worker-1 is lost.',
    [
      `ssh worker-0 sudo 'firewall-cmd --permanent --zone=public --add-rich-rule='\\''rule family="ipv4" source address="10.240.0.10" port port="4789" protocol="udp" accept'\\'''`,
      `ssh worker-1 sudo 'firewall-cmd --permanent --zone=public --add-rich-rule='\\''rule family="ipv4" source address="10.240.0.10" port port="4789" protocol="udp" accept'\\'''`,
      'ssh worker-0 sudo firewall-cmd --reload',
      'ssh worker-1 sudo firewall-cmd --reload',
    ],
  ],
  [
    'ufw, before IPIP, which has no port',
    'tunl0',
    'worker-0 and worker-1 drop IPIP (protocol 4) from controller-0 (filter chain INPUT, by its policy)',
    onWorkers(
      'iptables-nft-save.txt',
      withRules(['-A INPUT -j ufw-user-input', '-A ufw-user-input -p udp -m udp --dport 4789 -j ACCEPT'], {
        INPUT: 'DROP',
      }),
    ),
    'the tunnel tunl0 of the CNI: what controller-0 passes on to pods on worker-0 and worker-1 is lost.',
    ['ssh worker-0 sudo ufw allow from 10.240.0.10 to any', 'ssh worker-1 sudo ufw allow from 10.240.0.10 to any'],
  ],
  [
    'the receiving node itself, which drops the answers',
    'cilium_wg0',
    'controller-0 drops udp/51871 from worker-0 and worker-1 (filter chain INPUT, by its policy)',
    {
      'nodes/controller-0/iptables-nft-save.txt': withRules(
        ['-A INPUT -p tcp -m multiport --dports 22,6443 -j ACCEPT'],
        { INPUT: 'DROP' },
      ),
    },
    'the tunnel cilium_wg0 of the CNI: what controller-0 passes on to pods on worker-0 and worker-1 is lost.',
    [
      'ssh controller-0 sudo iptables-nft -t filter -I INPUT -s 10.240.0.20,10.240.0.21 -d 10.240.0.10 -p udp --dport 51871 -j ACCEPT',
    ],
  ],
])('%s', async (_, device, who, files, follows, commands) => {
  const { verdict, causes } = diagnosisOf(await tunnelled(device, files), 'default/nginx-lb')
  expect([verdict, causes.map((cause) => [cause.id, cause.says])]).toEqual([
    'unreachable',
    [[id, `${who}, ${follows}`]],
  ])
  expect(causes[0]?.fix?.commands).toEqual(commands)
})

test('rules that admit the tunnel pass, also those of firewalld and for protocol 4 by its name', async () => {
  const admits = onWorkers('nft-ruleset.json', withFirewalld([{ protocol: 'udp', port: 8472 }]))
  expect(found(await tunnelled('flannel.1', admits), id)[0]?.[0]).toBe('pass')
  const ipip = withRules(['-A INPUT -p ipencap -j ACCEPT'], { INPUT: 'DROP' })
  expect(found(await tunnelled('tunl0', onWorkers('iptables-nft-save.txt', ipip)), id)[0]?.[0]).toBe('pass')
})

test('one of two nodes shut is a part of the connections', async () => {
  const shut = { 'nodes/worker-1/iptables-nft-save.txt': withRules([], { INPUT: 'DROP' }) }
  const { verdict, findings } = diagnosisOf(await tunnelled('flannel.1', shut), 'default/nginx-lb')
  expect(verdict).toBe('inconclusive')
  expect(findings.find((finding) => finding.id === id)).toMatchObject({
    status: 'warn',
    says: 'worker-1 drops udp/8472 from controller-0 (filter chain INPUT, by its policy), the tunnel flannel.1 of the CNI: what controller-0 passes on to pods on worker-1 is lost, 1 of 2 endpoints.',
  })
})

test('a drop that was read holds without the native rules, and what is let through does not', async () => {
  const unread = { 'nodes/worker-0/nft-ruleset.json': null, 'nodes/worker-1/nft-ruleset.json': null }
  const drop = onWorkers('iptables-nft-save.txt', withRules([], { INPUT: 'DROP' }))
  expect(found(await tunnelled('flannel.1', { ...unread, ...drop }), id)[0]?.[0]).toBe('fail')
  expect(found(await tunnelled('flannel.1', unread), id)[0]?.[0]).toBe('unknown')
})
