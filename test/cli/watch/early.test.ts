import { expect } from '@jest/globals'
import { testNeeding } from '../../kit/needing.ts'
import { ended, segment } from './segment.ts'

// Root, for namespaces.
const where = testNeeding('root', 'tcpdump')

where('an interface that goes away while it is listened on ends the capture, which says so', async () => {
  const gone = segment('gone', { host: ['10.240.0.60/24'] })
  try {
    const args = [
      'capture',
      'arp',
      '--vip',
      '10.240.0.100',
      '--fabric',
      'lan',
      '--interface',
      'eth0',
      '--duration',
      '120',
    ]
    const watching = await gone.listener('host', args)
    const run = ended(watching)
    gone.run('host', ['ip', 'link', 'delete', 'eth0'])
    const { code, stdout } = await run
    expect(code).toBe(3)
    expect(stdout).toMatch(
      /^Ended early: after \d+\.\d s \(tcpdump .+\); what is\s+concluded is of that\s+time alone\.$/m,
    )
  } finally {
    gone.remove()
  }
})
