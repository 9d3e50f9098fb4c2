import { Command } from '@oclif/core'
import { withDefaults } from '../../cli/defaults.ts'
import { endWith } from '../../cli/exit.ts'
import { neighbourFlags } from '../../cli/watch/flags.ts'
import { captureNeighbours } from '../../cli/watch/neighbours.ts'

export default class CaptureArp extends Command {
  static override summary = 'Watch ARP and say who claims a VIP, and what silence means.'
  static override description = `Listens on this host by the system's tcpdump, on a node by ssh, or reads a capture. Nothing is sent without --probe.
Exit codes: 0 the VIP is held as it should be, 1 a fault was seen, 3 nothing can be concluded.`
  static override examples = [
    'sudo <%= config.bin %> capture arp --vip 10.240.0.100',
    '<%= config.bin %> capture arp --vip 10.240.0.100 --read client.pcap --bundle bundle.tar.gz',
    '<%= config.bin %> capture arp --vip 10.240.0.100 --node worker-0 --ssh-user admin --cluster',
    'sudo <%= config.bin %> capture arp --vip 10.240.0.100 --until announced --duration 60 --write out.pcapng',
  ]
  static override flags = neighbourFlags

  override async run(): Promise<void> {
    const { flags } = await this.parse(CaptureArp, withDefaults(this.config, CaptureArp.id, this.argv, process.env))
    endWith(await captureNeighbours(flags, 4, `${this.config.name} ${this.config.version}`))
  }
}
