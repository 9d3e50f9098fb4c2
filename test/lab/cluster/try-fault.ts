import { diagnose, type Diagnosis } from './doctor.ts'
import type { Fault } from './fault.ts'
import { fixesOf, idsOf, isAdvice, type Row, type Step } from './judge.ts'
import { allConnected, clientOf, forget, settles, type Lab, type Seen } from './lab.ts'
import { vip } from './plan.ts'
import { sleep } from './run.ts'
import { listen } from './wire.ts'

/**
 * Breaks one thing, looks what is true, asks vipdoctor, and does what it says. The lab is as before where it returns. What vipdoctor judged
 * goes into the folder `keep`, as a bundle with the fault's name.
 */
export async function tryFault(lab: Lab, fault: Fault, keep: string | null): Promise<Row> {
  const times: Record<Step, number> = { broken: 0, judged: 0, heard: 0, mended: 0, restored: 0 }
  const timed = async <T>(step: Step, work: () => Promise<T>): Promise<T> => {
    const began = Date.now()
    const done = await work()
    times[step] = (Date.now() - began) / 1000
    return done
  }
  const client = fault.client ?? 'bastion'
  const breaks = fault.causes.length > 0
  const seen = await timed('broken', async () => {
    await fault.make(lab)
    return see(lab, fault)
  })
  const bundle = keep === null ? null : `${keep}/${lab.fabric}-${fault.name.replaceAll(/\W+/g, '-')}.tar.gz`
  const diagnosis = await timed('judged', () => ask(lab, fault, bundle))
  const was = fault.wire === undefined ? null : await timed('heard', () => listen(lab, fault))
  const none: Mended = { mending: 'nothing to mend', commands: fixesOf(diagnosis), rounds: 1 }
  const mended = breaks ? await timed('mended', () => mend(lab, fault, diagnosis)) : none
  await timed('restored', async () => {
    await fault.undo?.(lab)
    await lab.restore()
  })
  return {
    ...{ fabric: lab.fabric, mode: lab.mode, fault: fault.name, client, expected: fault.causes },
    ...{ also: fault.also ?? [], healthy: fault.healthy === true, seen, verdict: diagnosis.verdict },
    causes: diagnosis.causes.map(({ id }) => id),
    alsoWrong: idsOf([...diagnosis.possibleCauses, ...diagnosis.alsoWrong], 'fail'),
    named: [...idsOf(diagnosis.findings, 'warn'), ...idsOf(diagnosis.findings, 'fail')],
    wire: was === null ? null : { expected: fault.wire ?? [], was },
    ...mended,
    open: fault.open ?? null,
    times,
  }
}

const targetOf = (fault: Fault): string => fault.target ?? 'default/nginx-lb'

const ask = (lab: Lab, fault: Fault, bundle: string | null): Promise<Diagnosis> =>
  diagnose(lab, targetOf(fault), clientOf(fault.client ?? 'bastion').asked, bundle, fault.flags)

/** What the client sees once it settled. A pending Service has no address that one could connect to. */
async function see(lab: Lab, fault: Fault): Promise<Seen> {
  const breaks = fault.causes.length > 0
  const address = fault.address ?? (fault.target === undefined ? vip : await addressOf(lab, fault.target))
  if (address === null) return { tries: 1, connected: 0, words: 'no address' }
  return settles(lab, fault.client ?? 'bastion', address, !breaks, breaks ? 20 : 10)
}

async function addressOf(lab: Lab, target: string): Promise<string | null> {
  const [namespace = '', name = ''] = target.split('/')
  const path = '{.status.loadBalancer.ingress[0].ip}'
  const address = await lab.kubectl(['-n', namespace, 'get', 'service', name, '-o', `jsonpath=${path}`])
  return address === '' ? null : address
}

type Mended = Pick<Row, 'mending' | 'commands' | 'rounds'>

/**
 * Runs the fix as it was printed, and waits for the client. Where it still does not connect, vipdoctor is asked again, as a user would: a
 * mended fault may uncover the next one, as an address that MetalLB gives at last and that no interface owns. An editor finds nobody at the
 * keyboard.
 */
async function mend(lab: Lab, fault: Fault, first: Diagnosis): Promise<Mended> {
  const done: string[] = []
  let diagnosis = first
  for (let rounds = 1; ; rounds++) {
    const commands = fixesOf(diagnosis).filter((each) => !done.includes(each))
    const advised = diagnosis.causes.some(({ fix }) => (fix?.commands ?? []).every(isAdvice))
    if (commands.every(isAdvice) || rounds > 3)
      return { mending: advised ? 'advice' : 'not mended', commands: [...done, ...commands], rounds: rounds - 1 }
    for (const command of commands) await lab.sh(`export EDITOR=true; ${command}`)
    done.push(...commands)
    // What waits for a choice of the user's keeps the client out until it is made.
    if (await connects(lab, fault, advised ? 5 : 20)) return { mending: 'mended', commands: done, rounds }
    diagnosis = await ask(lab, fault, null)
  }
}

async function connects(lab: Lab, fault: Fault, seconds: number): Promise<boolean> {
  // Whom a client asked before the fix is kept half a minute by its kernel, whatever the fix moved.
  await forget(lab, fault.client ?? 'bastion')
  const end = Date.now() + seconds * 1000
  while (Date.now() < end) {
    const address = fault.target?.includes('/') === false ? fault.target : await addressOf(lab, targetOf(fault))
    if (address === null) await sleep(500)
    else if (allConnected(await settles(lab, fault.client ?? 'bastion', address, true, 5))) return true
  }
  return false
}
