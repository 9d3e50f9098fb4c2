import type { Finding, Fix } from '../checks/finding.ts'
import { verdicts, type Answer, type Cause, type Diagnosis, type JudgedAccount } from '../diagnosis/diagnosis.ts'
import { questionName } from '../diagnosis/targets.ts'
import { placeText, type Proof } from '../evidence/cite.ts'
import { clientText } from '../evidence/question.ts'
import { addressAndPort } from '../net/port.ts'
import { gateText } from './gate-text.ts'
import { statusText, verdictText, type Look } from './paint.ts'
import { probesText } from './probes.ts'
import type { Format, Reporter } from './reporter.ts'
import { gapsText, unknownText } from './unknowns.ts'
import { wrap } from './wrap.ts'

/** The answer for people: for each VIP the verdict, the path, the causes with proof and fix, and what else is worth knowing. */
export const textReporter = (look: Look): Reporter<string> => ({
  diagnosis: (diagnosis) => diagnosisText(diagnosis, look),
  whole: function* (answer, { probes, gate }) {
    const summary = answer.diagnoses.length === 1 ? [] : [summaryText(answer, look)]
    const end = [...summary, ...gapsText(answer.gaps, look), ...accountText(answer.account), gateText(gate, look)]
    for (const [index, block] of [...answer.diagnoses, ...end].entries()) yield index === 0 ? block : `\n\n${block}`
    yield '\n'
    if (probes !== null) yield probesText(probes)
  },
})

export const textFormat = (look: Look): Format<string> => ({
  report: () => textReporter(look),
  failed: ({ message, suggestion }) => `vipdoctor: ${message}\n${suggestion === null ? '' : `${suggestion}\n`}`,
})

function accountText(account: JudgedAccount | null): string[] {
  if (account === null) return []
  const { id, region } = account
  return [`AWS account: ${id ?? 'not known'}, region: ${region ?? 'not known'}.`]
}

function diagnosisText(diagnosis: Diagnosis, look: Look): string {
  const { causes, alsoWrong, findings } = diagnosis
  const numbered = causes.length > 1
  const sections = [
    [heading(diagnosis, look)],
    diagnosis.path.flatMap(({ hop, status, says }) => row(status, hop.padEnd(12), says, look)),
    nodePortsText(diagnosis, look),
    ...causes.map((cause, index) => causeText(cause, numbered ? `Cause ${String(index + 1)}` : 'Cause', look)),
    listed('Also wrong, but not on this packet’s way', alsoWrong, look),
    listed(
      'Warnings',
      findings.filter(({ status }) => status === 'warn'),
      look,
    ),
    unknownText(findings, look),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

/** One line a node: the verdict there, and of one that is not reachable the first hop that says why. */
function nodePortsText({ nodePorts }: Diagnosis, look: Look): string[] {
  if (nodePorts === null) return []
  if (nodePorts.length === 0) return ['The Service has no NodePort, or nothing was read from any node.']
  const width = Math.max(...nodePorts.map(({ node }) => node.length))
  const lines = nodePorts.flatMap(({ node, port, verdict, path }) => {
    const bad = path.find(({ status }) => status === 'fail' || status === 'unknown')
    const name = `${node.padEnd(width)} ${String(port.port)} `
    const indent = ' '.repeat(name.length + 17)
    const [first = '', ...rest] = wrap(bad === undefined ? '' : `${bad.hop}: ${bad.says}`, look.width, indent)
    return [
      `  ${name}${verdictText(verdict, look)}${' '.repeat(13 - verdict.length)} ${first.trimStart()}`.trimEnd(),
      ...rest,
    ]
  })
  return [look.paint.bold('NodePorts (they do not change the verdict):'), ...lines]
}

function heading(diagnosis: Diagnosis, look: Look): string {
  const { question, verdict } = diagnosis
  const { vip, port, service } = question
  const address = vip === null ? `port ${String(port.port)}` : addressAndPort(vip.text, port.port)
  const protocol = port.protocol === 'tcp' ? '' : `/${port.protocol}`
  const name = service === null && question.kubeOvn === undefined ? 'the control plane' : questionName(question)
  const client = clientText(question.client)
  return `${look.paint.bold(`${address}${protocol}`)} (${name}) from ${client}: ${verdictText(verdict, look)}`
}

const statusWidth = 'skipped'.length

function row(status: Finding['status'], name: string, says: string, look: Look): string[] {
  const indent = ' '.repeat(statusWidth + name.length + 4)
  const [first = '', ...rest] = wrap(says, look.width, indent)
  return [`  ${statusText(status, look, statusWidth)} ${look.paint.bold(name)} ${first.trimStart()}`, ...rest]
}

function causeText(cause: Cause, title: string, look: Look): string[] {
  return [
    `${look.paint.bold(title)}: ${look.paint.red(cause.id)}${cause.awsCode === undefined ? '' : ` (${cause.awsCode})`}`,
    ...wrap(cause.says, look.width, '  '),
    ...proofText(cause.proof, look),
    ...fixText(cause.fix, look),
    ...(cause.consequences.length === 0 ? [] : ['  Follows from it:']),
    ...cause.consequences.flatMap((finding) => wrap(`${finding.id}: ${finding.says}`, look.width, '      ', '    - ')),
  ]
}

const shownProofs = 6

function proofText(proofs: readonly Proof[], look: Look): string[] {
  if (proofs.length === 0) return []
  const left = proofs.length - shownProofs
  return [
    '  Proof:',
    ...proofs.slice(0, shownProofs).flatMap((proof) => {
      const value = typeof proof.value === 'string' ? proof.value : JSON.stringify(proof.value)
      return [`    ${look.paint.dim(placeText(proof))}`, ...wrap(value, look.width, '      ')]
    }),
    ...(left > 0 ? [`    and ${String(left)} more (--output json shows all)`] : []),
  ]
}

function fixText(fix: Fix | null, look: Look): string[] {
  if (fix === null) return []
  return [
    '  Fix:',
    ...fix.commands.map((command) => `    ${look.paint.cyan(command)}`),
    ...wrap(fix.changes, look.width, '    '),
  ]
}

function listed(title: string, findings: readonly Finding[], look: Look): string[] {
  if (findings.length === 0) return []
  return [
    look.paint.bold(`${title}:`),
    ...findings.flatMap((finding) => [
      ...wrap(`${finding.id}: ${finding.says}`, look.width, '    ', '  - '),
      ...(finding.status === 'fail' && finding.fix !== null
        ? finding.fix.commands.map((command) => `      ${look.paint.cyan(command)}`)
        : []),
    ]),
  ]
}

function summaryText({ diagnoses, counts, verdict }: Answer<string>, look: Look): string {
  // No VIP, and yet no usage error: a listing that could name one was not read.
  if (diagnoses.length === 0) return `Which VIPs there are is not known. Verdict: ${verdictText(verdict, look)}`
  const parts = verdicts.flatMap((one) => (counts[one] > 0 ? [`${String(counts[one])} ${one}`] : []))
  return `${String(diagnoses.length)} VIPs: ${parts.join(', ')}. Verdict: ${verdictText(verdict, look)}`
}
