import path from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { recordedWorld, type World } from '../kit/recorded-world.ts'

let world: World | null = null
afterEach(async () => {
  await world?.close()
  world = null
})

/** The lines of a report that are to be typed. */
const typed = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => /^ +((?:aws|kubectl|ssh) .*)$/.exec(line)?.[1] ?? [])

test('what is printed is typed with the flags of the run; what is saved says nothing of them', async () => {
  world = await recordedWorld('hard-way-four-faults')
  const saved = path.join(world.folder, 'saved')
  const check = ['check', '--quiet', ...world.nodeOutputs]
  const proxy = ['--ssh-user', 'admin', '--ssh-option', 'ProxyCommand=nc -X 5 %h %p']
  const there = await world.vipdoctor([...check, '--region', 'us-east-1', ...proxy, '--save-bundle', saved])
  const printed = typed(there.stdout)
  expect(printed).toContain(
    'aws --region us-east-1 ec2 assign-private-ip-addresses --network-interface-id eni-e417573b36a6a2820 --private-ip-addresses 10.240.0.100',
  )
  expect(printed).toContain(
    "ssh -o 'ProxyCommand=nc -X 5 %h %p' admin@controller-0 sudo systemctl enable --now kube-proxy",
  )
  const again = await world.vipdoctor(['check', '--bundle', saved])
  const plainly = (line: string) =>
    line.replace('aws --region us-east-1', 'aws').replace(/^ssh -o '[^']*' admin@/, 'ssh ')
  expect(typed(again.stdout)).toEqual(printed.map(plainly))
})

test('what the environment says is not said again', async () => {
  world = await recordedWorld('hard-way-l2')
  const env = { AWS_REGION: 'us-east-1' }
  const { stdout } = await world.vipdoctor(['check', '--quiet', ...world.nodeOutputs], { env })
  expect(typed(stdout)).toEqual([
    'aws ec2 assign-private-ip-addresses --network-interface-id eni-e417573b36a6a2820 --private-ip-addresses 10.240.0.100',
  ])
})
