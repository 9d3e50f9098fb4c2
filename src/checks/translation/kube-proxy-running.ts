import { citeList, type Proof } from '../../evidence/cite.ts'
import type { NodeEvidence } from '../../evidence/evidence.ts'
import { gapsAmong, known } from '../../evidence/gap.ts'
import { nodeFile } from '../../evidence/node.ts'
import { kubeProxyProcesses, replacementOn, serviceRules } from '../../node/service-proxy.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, unknown, warn } from '../finding.ts'

export default defineCheck({
  id: 'translation/kube-proxy-running',
  title: 'Something programs Services on the node',
  needs: ['node/iptables-nft', 'node/processes'],
  alsoReads: ['node/iptables-legacy', 'node/nft-ruleset', 'node/proc-net-ip-vs', 'node/ip-link', 'node/healthz'],
  appliesTo: ({ question }) =>
    question.service !== null || 'A control-plane VIP is not translated: the API server listens on it.',
  blocks: true,
  each: 'node',
  run: ({ evidence, node }) => {
    const here = evidence.node(node)
    const subject = `node/${node}`
    const processes = known(here.processes)
    if (processes === null) return []
    const other = replacementOn(here)
    if (other !== null) return [pass(subject, `Services on ${node} are handled by ${other.name}.`, [other.proof])]
    const rules = serviceRules(here)?.proof ?? null
    const program = kubeProxyProcesses(here)[0] ?? null
    if (rules !== null && program !== null)
      return [pass(subject, `kube-proxy runs on ${node} and has written its rules.`, [program, rules])]
    const absent: Proof = citeList(
      processes.file,
      '',
      `${String(processes.lines.length)} processes, no kube-proxy among them`,
    )
    if (rules !== null) {
      return [
        warn(
          subject,
          `kube-proxy no longer runs on ${node}: its rules stay as they were and follow no change of Services or endpoints.`,
          [lineless(absent), rules],
          { fix: start(node), blocks: false },
        ),
      ]
    }
    const hidden = gapsAmong(
      here.nftRuleset,
      ...(known(here.iptablesLegacy) === null && isUnreadable(here) ? [here.iptablesLegacy] : []),
    )
    if (program !== null && hidden.length > 0)
      return [
        unknown(subject, `kube-proxy runs on ${node}, and it is not known whether it has written its rules.`, hidden, [
          program,
        ]),
      ]
    if (program !== null) {
      return [
        fail(subject, `kube-proxy runs on ${node} but has written no rules for Services.`, [program, noRules(here)], {
          commands: [
            `ssh ${node} sudo journalctl -u kube-proxy --no-pager -n 50`,
            `ssh ${node} sudo systemctl restart kube-proxy`,
          ],
          changes: `The journal says why it cannot sync (often its kubeconfig or the API server's address); a restart lets it write all rules anew.`,
        }),
      ]
    }
    return [
      fail(
        subject,
        `Nothing programs Services on ${node}: no kube-proxy runs there, and there is no rule of one.`,
        [lineless(absent), noRules(here)],
        start(node),
      ),
    ]
  },
  docs: {
    means:
      'The packet reaches a node on which nothing turns the VIP into a pod’s address: no kube-proxy (or replacement) runs there and no rule of one is loaded. The node has no socket on the VIP either, so the packet is forwarded back or dropped.',
    byHand:
      'On the node: systemctl status kube-proxy; curl http://127.0.0.1:10256/healthz; iptables-save | grep -c KUBE-SVC (0 means: no rules); in nftables mode: nft list table ip kube-proxy. A process alone proves nothing: look at its rules too.',
    mend: 'Install and start kube-proxy on every node that may receive packets, control-plane nodes included where they announce VIPs.',
    sources: [
      'Kubernetes documentation, "Virtual IPs and Service Proxies"',
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (KUBE-SERVICES), pkg/proxy/healthcheck/proxy_health.go',
    ],
  },
})

const start = (node: string) => ({
  commands: [
    `ssh ${node} sudo systemctl enable --now kube-proxy`,
    `ssh ${node} sudo systemctl status kube-proxy --no-pager`,
  ],
  changes: `kube-proxy writes the rules of every Service of the cluster on ${node}.`,
})

const isUnreadable = ({ iptablesLegacy }: NodeEvidence): boolean =>
  gapsAmong(iptablesLegacy).some(({ reason }) => reason !== 'not in the evidence')

const noRules = ({ name }: NodeEvidence): Proof =>
  lineless(citeList(nodeFile(name, 'iptablesNft'), '', 'no KUBE-SERVICES rule'))

/** The absence of a line is proven by the whole file: line 1 stands for it. */
const lineless = ({ file, value }: Proof): Proof => ({ file, line: 1, value })
