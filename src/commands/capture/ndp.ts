import { Command } from '@oclif/core'
import { withDefaults } from '../../cli/defaults.ts'
import { endWith } from '../../cli/exit.ts'
import { neighbourFlags } from '../../cli/watch/flags.ts'
import { captureNeighbours } from '../../cli/watch/neighbours.ts'

export default class CaptureNdp extends Command {
  static override summary = 'Watch neighbour discovery and say who claims a VIP, and what silence means.'
  static override description = `Listens on this host by the system's tcpdump, on a node by ssh, or reads a capture. Nothing is sent without --probe.
Exit codes: 0 the VIP is held as it should be, 1 a fault was seen, 3 nothing can be concluded.`
  static override examples = [
    'sudo <%= config.bin %> capture ndp --vip fd00:240::100',
    '<%= config.bin %> capture ndp --vip fd00:240::100 --read client.pcap --bundle bundle.tar.gz',
    'sudo <%= config.bin %> capture ndp --vip fd00:240::100 --until announced --duration 60 --write out.pcapng',
  ]
  static override flags = neighbourFlags

  override async run(): Promise<void> {
    const { flags } = await this.parse(CaptureNdp, withDefaults(this.config, CaptureNdp.id, this.argv, process.env))
    endWith(await captureNeighbours(flags, 6, `${this.config.name} ${this.config.version}`))
  }
}
