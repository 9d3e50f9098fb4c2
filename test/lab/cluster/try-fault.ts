import { diagnose } from './doctor.ts'
import type { Fault } from './fault.ts'
import { fixesOf, idsOf, isAdvice, type Mending, type Row } from './judge.ts'
import { clientOf, connect, settles, type Lab } from './lab.ts'
import { vip } from './plan.ts'

/**
 * Breaks one thing, looks what is true, asks vipdoctor, and does what it says. The lab is as before where it returns. What vipdoctor judged
 * goes into the folder `keep`, as a bundle with the fault's name.
 */
export async function tryFault(lab: Lab, fault: Fault, keep: string | null): Promise<Row> {
  const began = Date.now()
  const client = fault.client ?? 'bastion'
  const target = fault.target ?? 'default/nginx-lb'
  await fault.make(lab)
  const breaks = fault.causes.length > 0
  // A pending Service has no address that one could connect to.
  const address = fault.address ?? (fault.target === undefined ? vip : await addressOf(lab, target))
  const none = { tries: 1, connected: 0, words: 'no address' }
  if (address !== null) await settles(lab, client, address, !breaks, breaks ? 20 : 10)
  const seen = address === null ? none : await connect(lab, client, address)
  const bundle = keep === null ? null : `${keep}/${lab.fabric}-${fault.name.replaceAll(/\W+/g, '-')}.tar.gz`
  const diagnosis = await diagnose(lab, target, clientOf(client).asked, bundle)
  const commands = fixesOf(diagnosis)
  const mending = breaks ? await mend(lab, fault, commands) : 'nothing to mend'
  await fault.undo?.(lab)
  await lab.restore()
  return {
    ...{ fabric: lab.fabric, mode: lab.mode, fault: fault.name, client, expected: fault.causes },
    ...{ warns: fault.warns ?? null, seen, verdict: diagnosis.verdict, causes: diagnosis.causes.map(({ id }) => id) },
    alsoWrong: idsOf([...diagnosis.possibleCauses, ...diagnosis.alsoWrong], 'fail'),
    warnings: idsOf(diagnosis.findings, 'warn'),
    ...{ mending, commands, seconds: Math.round((Date.now() - began) / 1000) },
  }
}

const addressOf = async (lab: Lab, target: string): Promise<string | null> => {
  const [namespace = '', name = ''] = target.split('/')
  const path = '{.status.loadBalancer.ingress[0].ip}'
  const address = await lab.kubectl(['-n', namespace, 'get', 'service', name, '-o', `jsonpath=${path}`])
  return address === '' ? null : address
}

/** Runs the fix as it was printed, and waits for the client. An editor finds nobody at the keyboard. */
async function mend(lab: Lab, fault: Fault, commands: readonly string[]): Promise<Mending> {
  if (commands.every(isAdvice)) return 'advice'
  for (const command of commands) await lab.sh(`export EDITOR=true; ${command}`)
  const target = fault.target ?? 'default/nginx-lb'
  const end = Date.now() + 30_000
  while (Date.now() < end) {
    const address = await addressOf(lab, target)
    if (address !== null && (await settles(lab, fault.client ?? 'bastion', address, true, 5))) return 'mended'
  }
  return 'not mended'
}
