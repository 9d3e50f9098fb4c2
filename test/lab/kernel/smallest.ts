import { judgeCase } from './judge.ts'
import type { KernelCase, Lab, TestPacket } from './lab.ts'
import { freshPort, sourcePorts } from './packets.ts'

/** Takes rules away while the kernel and the tracer still disagree about a packet. It is sent several times: a random rule may hide it. */
export async function smallest(lab: Lab, one: KernelCase, packet: TestPacket): Promise<KernelCase> {
  const range = [...sourcePorts].reverse().find((first) => first <= packet.sport) ?? 0
  const still = async (rules: KernelCase): Promise<boolean> => {
    const packets = Array.from({ length: 6 }, () => ({ ...packet, sport: freshPort(range) }))
    return ((await judgeCase(lab, { ...rules, packets }))?.disagreements.length ?? 0) > 0
  }
  let small = one
  for (const key of ['nft-save', 'legacy-save', 'nft'] as const) {
    let lines = small[key]?.split('\n') ?? []
    for (let at = lines.length - 1; at >= 0; at -= 1) {
      if (!/^(-A|\s+[^}])/.test(lines[at] ?? '')) continue
      const fewer = lines.filter((_, index) => index !== at)
      if (await still({ ...small, [key]: fewer.join('\n') })) {
        lines = fewer
        small = { ...small, [key]: lines.join('\n') }
      }
    }
  }
  return { ...small, packets: [packet] }
}
