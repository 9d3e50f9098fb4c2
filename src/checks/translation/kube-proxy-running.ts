import type { Evidence, NodeEvidence } from '../../evidence/evidence.ts'
import { citeFile, type Proof } from '../../evidence/cite.ts'
import { gapsAmong, known } from '../../evidence/gap.ts'
import { nodeFile } from '../../evidence/node/kinds.ts'
import { healthListener, healthOf } from '../../node/proxy-health.ts'
import { replacementOn } from '../../node/replacements.ts'
import { kubeProxyProcesses, serviceRules } from '../../node/service-proxy.ts'
import { sh } from '../../net/shell.ts'
import { journalOf, restartOn } from '../about/kube-proxy.ts'
import { translatorReads } from '../about/reads.ts'
import { defineCheck } from '../check.ts'
import { fail, pass, said, unknown, warn, type Draft } from '../finding.ts'

export default defineCheck({
  id: 'translation/kube-proxy-running',
  title: 'Something programs Services on the node',
  needs: ['node/iptables-nft'],
  alsoReads: [...translatorReads, 'node/healthz', 'kubernetes/configmaps'],
  about: ['service'],
  ofCluster: true,
  blocks: true,
  each: 'node',
  run: ({ evidence, node }) => {
    const here = evidence.node(node)
    const subject = `node/${node}`
    const other = replacementOn(evidence, node)
    if (other !== null)
      return [
        pass(
          'other-proxy',
          subject,
          said(`${other.name} handles Services`, `Services on ${node} are handled by ${other.name}.`),
          [other.proof],
        ),
      ]
    const rules = serviceRules(here)?.proof ?? null
    const health = healthListener(evidence, here)
    const program =
      kubeProxyProcesses(here)[0] ?? healthOf(here)?.proof ?? (health.serves === true ? health.proof : null)
    if (rules === null) return [withoutRules(evidence, here, program)]
    if (program === null) return [withoutProgram(here, rules)]
    if (health.serves === false && health.proof !== null && healthOf(here) === null)
      return [
        warn(
          'health-port-silent',
          subject,
          said(
            'kube-proxy has not got past its start',
            `kube-proxy runs on ${node} and does not open its health port ${String(health.port)}: it has not got past its start, and the rules there are those of the one before it.`,
          ),
          [program, health.proof, rules],
          { fix: restart(evidence, node), blocks: false },
        ),
      ]
    return [
      pass(
        'running',
        subject,
        said('kube-proxy runs and has written its rules', `kube-proxy runs on ${node} and has written its rules.`),
        [program, rules],
      ),
    ]
  },
  docs: {
    means:
      'The packet reaches a node on which nothing turns the VIP into a pod’s address: no kube-proxy (or replacement) runs there and no rule of one is loaded. The node has no socket on the VIP either, so the packet is forwarded back or dropped.',
    byHand:
      'On the node: systemctl status kube-proxy; curl http://127.0.0.1:10256/healthz; iptables-save | grep -c KUBE-SVC (0 means: no rules); in nftables mode: nft list table ip kube-proxy. A process alone proves nothing: look at its health port and its rules too.',
    mend: 'Install and start kube-proxy on every node that may receive packets, control-plane nodes included where they announce VIPs.',
    sources: [
      'Kubernetes documentation, "Virtual IPs and Service Proxies"',
      'kubernetes v1.34.4 pkg/proxy/iptables/proxier.go (KUBE-SERVICES), pkg/proxy/healthcheck/proxy_health.go',
    ],
  },
})

function withoutRules(evidence: Evidence, here: NodeEvidence, program: Proof | null): Draft {
  const { name: node } = here
  const subject = `node/${node}`
  const hidden = gapsAmong(
    here.nftRuleset,
    ...(known(here.iptablesLegacy) === null && isUnreadable(here) ? [here.iptablesLegacy] : []),
  )
  if (program !== null && hidden.length > 0)
    return unknown(
      'rules-not-read',
      subject,
      said('rules not read', `kube-proxy runs on ${node}, and it is not known whether it has written its rules.`),
      hidden,
      [program],
    )
  if (program !== null)
    return fail(
      'no-rules',
      subject,
      said(
        'kube-proxy runs and has written no rules',
        `kube-proxy runs on ${node} but has written no rules for Services.`,
      ),
      [program, noRules(here)],
      restart(evidence, node),
    )
  const absent = absence(here)
  return absent === null
    ? unknown(
        'not-known',
        subject,
        said('processes not read', `It is not known whether anything programs Services on ${node}.`),
        gapsAmong(here.processes),
      )
    : fail(
        'nothing-runs',
        subject,
        said(
          'no kube-proxy runs, and no rule of one is there',
          `Nothing programs Services on ${node}: no kube-proxy runs there, and there is no rule of one.`,
        ),
        [absent, noRules(here)],
        start(node),
      )
}

/** The rules are there and decide about the packet; whether anything keeps them up to date is another question. */
function withoutProgram(here: NodeEvidence, rules: Proof): Draft {
  const { name: node } = here
  const absent = absence(here)
  return absent === null
    ? {
        ...unknown(
          'still-running-not-known',
          `node/${node}`,
          said(
            'whether kube-proxy still runs is not known',
            `${node} has the rules of a kube-proxy, and it is not known whether it still runs.`,
          ),
          gapsAmong(here.processes),
          [rules],
        ),
        blocks: false,
      }
    : warn(
        'stopped',
        `node/${node}`,
        said(
          'kube-proxy no longer runs',
          `kube-proxy no longer runs on ${node}: its rules stay as they were and follow no change of Services or endpoints.`,
        ),
        [absent, rules],
        { fix: start(node), blocks: false },
      )
}

function absence(here: NodeEvidence): Proof | null {
  const processes = known(here.processes)
  return processes === null
    ? null
    : citeFile(processes.file, `${String(processes.lines.length)} processes, no kube-proxy among them`)
}

const restart = (evidence: Evidence, node: string) =>
  restartOn(
    evidence,
    node,
    'A restart lets it write all rules anew. If it stays so, its journal says why (often its kubeconfig, the API server’s address, or a hostnameOverride that names no Node).',
    [journalOf(evidence, node)],
  )

const start = (node: string) => ({
  look: [sh`ssh ${node} sudo systemctl status kube-proxy --no-pager`],
  summary: `start kube-proxy on ${node}`,
  commands: [sh`ssh ${node} sudo systemctl enable --now kube-proxy`],
  changes: `kube-proxy writes the rules of every Service of the cluster on ${node}.`,
})

const isUnreadable = ({ iptablesLegacy }: NodeEvidence): boolean =>
  gapsAmong(iptablesLegacy).some(({ reason }) => reason !== 'not in the evidence')

const noRules = ({ name }: NodeEvidence): Proof => citeFile(nodeFile(name, 'iptablesNft'), 'no KUBE-SERVICES rule')
