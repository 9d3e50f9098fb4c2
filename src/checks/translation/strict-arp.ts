import { cite, citeLine, type Proof } from '../../evidence/cite.ts'
import type { Evidence } from '../../evidence/evidence.ts'
import { gapsAmong, known } from '../../evidence/gap.ts'
import { endpointsOf } from '../../lb/endpoints.ts'
import { parseAddress, sameAddress, type Address } from '../../net/address.ts'
import { counted, inWords } from '../../net/words.ts'
import { parseCidr, rangeHas } from '../../net/range.ts'
import { sh } from '../../net/shell.ts'
import { defineCheck } from '../check.ts'
import { pass, said, skipped, unknown, warn } from '../finding.ts'

export default defineCheck({
  id: 'translation/strict-arp',
  after: 'translation/sync-stale',
  title: 'In IPVS mode only the announcer answers ARP for the VIP',
  needs: [],
  alsoReads: ['node/ip-addr', 'node/sysctl', 'kubernetes/endpointslices'],
  on: ['announcement'],
  about: ['service'],
  appliesTo: ({ question }) =>
    question.vip.family === 4 || 'For IPv6 a kernel answers only for addresses of the device that was asked.',
  blocks: true,
  run: ({ evidence, question }) => {
    const { vip } = question
    const subject = `vip/${vip.text}`
    const holders = evidence.nodeNames.flatMap((node) => holding(evidence, node, vip))
    if (holders.length === 0)
      return [skipped('no-ipvs', subject, 'No node is seen to have the VIP on kube-ipvs0: none works in IPVS mode.')]
    const answering = holders.filter(({ answers }) => answers === true)
    const proof = (answering.length > 0 ? answering : holders).flatMap((one) => one.proof)
    if (answering.length === 0) {
      const gaps = holders.flatMap(({ node, answers }) =>
        answers === null ? gapsAmong(evidence.node(node).sysctl) : [],
      )
      return gaps.length > 0
        ? [
            {
              ...unknown(
                'arp-not-known',
                subject,
                said('ARP settings not read', `It is not known whether the nodes answer ARP for ${vip.text}.`),
                gaps,
                proof,
              ),
              blocks: false,
            },
          ]
        : [
            pass(
              'left-to-announcer',
              subject,
              said(
                'ARP is left to the announcer',
                `The nodes in IPVS mode leave ARP for ${vip.text} to the announcer.`,
              ),
              proof,
            ),
          ]
    }
    const names = answering.map(({ node }) => node)
    const sentence = `${inWords(names)} ${names.length === 1 ? 'answers' : 'answer'} ARP for ${vip.text} from the kernel (IPVS mode without strictARP), whoever announces it: clients send to whichever node answered last`
    const fix = {
      summary: 'leave ARP for the VIP to the announcer',
      commands: names.map(
        (node) => sh`ssh ${node} sudo sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2`,
      ),
      changes:
        'Until the next boot the nodes answer ARP only for addresses of the device that was asked. Set ipvs.strictARP: true in kube-proxy’s configuration to keep it.',
    }
    const brief = `${counted(names.length, 'kernel')} ${names.length === 1 ? 'answers' : 'answer'} ARP for the VIP`
    const local = new Set(
      (known(endpointsOf(evidence, question)) ?? []).flatMap(({ ready, node }) =>
        ready && node !== null ? [node] : [],
      ),
    )
    const idle = names.filter((node) => !local.has(node))
    return [
      question.service.spec?.externalTrafficPolicy === 'Local' && idle.length > 0
        ? warn(
            'answers-without-endpoint',
            subject,
            said(
              `${brief}, ${String(idle.length)} in vain`,
              `${sentence}, and externalTrafficPolicy is Local: what reaches ${inWords(idle)} is dropped, for no endpoint is there.`,
            ),
            proof,
            { fix, partial: true, blocks: true },
          )
        : warn('answers', subject, said(brief, `${sentence}.`), proof, { fix, blocks: false }),
    ]
  },
  docs: {
    means:
      'In IPVS mode kube-proxy puts every Service address on the device kube-ipvs0, so each node’s kernel takes the VIP for its own and answers ARP for it on every device. Beside MetalLB’s or kube-vip’s announcement every node then claims the VIP. strictARP sets arp_ignore to 1 and arp_announce to 2, so that kernels keep silent.',
    byHand:
      'On the nodes: ip addr show kube-ipvs0; sysctl net.ipv4.conf.all.arp_ignore (0 is wrong). From a client: arping VIP is answered by several MAC addresses.',
    mend: 'Set ipvs.strictARP: true in kube-proxy’s configuration on every node, and restart kube-proxy.',
    sources: [
      'MetalLB documentation, "Installation: Preparation" (strict ARP mode)',
      'Linux Documentation/networking/ip-sysctl.rst (arp_ignore, arp_announce)',
    ],
  },
})

interface Holder {
  readonly node: string
  readonly answers: boolean | null
  readonly proof: readonly Proof[]
}

/** A node that has the VIP on kube-ipvs0, and whether its kernel answers ARP for it on a device of the VIP's subnet (else on any device). */
function holding(evidence: Evidence, node: string, vip: Address): readonly Holder[] {
  const { ipAddr, sysctl } = evidence.node(node)
  const links = known(ipAddr) ?? []
  const holder = links.find(({ ifname }) => ifname === 'kube-ipvs0')
  if (holder?.addr_info?.some(({ local }) => sameAddress(parseAddress(local), vip)) !== true) return []
  const facing = links.filter(({ ifname, addr_info }) =>
    (addr_info ?? []).some(({ local, prefixlen = 32 }) => {
      const range =
        ifname === 'kube-ipvs0' || prefixlen === 32 ? null : parseCidr(`${local ?? ''}/${String(prefixlen)}`)
      return range !== null && rangeHas(range, vip)
    }),
  )
  const settings = known(sysctl)
  const names = ['all', ...facing.flatMap(({ ifname }) => ifname ?? [])].map(
    (name) => `net.ipv4.conf.${name}.arp_ignore`,
  )
  const values = names.map((name) => Number(settings?.values.get(name) ?? NaN))
  // The greater of `all` and the device counts (include/linux/inetdevice.h, IN_DEV_ARP_IGNORE).
  const [all = NaN, ...devices] = values
  const answers = Number.isNaN(all)
    ? null
    : devices.length === 0
      ? all === 0
      : devices.some((one) => Math.max(all, Number.isNaN(one) ? 0 : one) === 0)
  const lines = names.flatMap((name) => {
    const line = settings?.lines.get(name)
    return settings === null || line === undefined
      ? []
      : [citeLine(settings.file, line, `${name} = ${settings.values.get(name) ?? ''}`)]
  })
  return [{ node, answers, proof: [cite(holder, 'ifname'), ...lines] }]
}
