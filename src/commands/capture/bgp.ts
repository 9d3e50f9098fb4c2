import { Command } from '@oclif/core'
import { withDefaults } from '../../cli/defaults.ts'
import { endWith } from '../../cli/exit.ts'
import { captureBgp } from '../../cli/watch/bgp.ts'
import { bgpFlags } from '../../cli/watch/flags.ts'

export default class CaptureBgp extends Command {
  static override summary =
    'Watch BGP and say whether sessions with a peer are tried, refused, established, and what they announce.'
  static override description = `Listens on this host by the system's tcpdump, on a node by ssh, or reads a capture. Nothing is sent.
Exit codes: 0 every speaker that tried has its session, 1 a fault was seen, 3 nothing can be concluded.`
  static override examples = [
    'sudo <%= config.bin %> capture bgp --peer 10.240.0.50 --vip 10.240.0.100 --duration 60',
    '<%= config.bin %> capture bgp --peer 10.240.0.50 --read router.pcap --output json',
  ]
  static override flags = bgpFlags

  override async run(): Promise<void> {
    const { flags } = await this.parse(CaptureBgp, withDefaults(this.config, CaptureBgp.id, this.argv, process.env))
    endWith(await captureBgp(flags))
  }
}
