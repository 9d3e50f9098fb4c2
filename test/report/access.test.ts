import { spawnSync } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { asTyped, diagnosisAsTyped, type Access } from '../../src/report/access.ts'
import { diagnosisOfFixture } from '../kit/answers.ts'
import { fixtureNames } from '../kit/fixtures.ts'

const login: Access = {
  kubectl: ['--context', 'staging'],
  aws: ['--profile', 'ops', '--region', 'eu-west-1'],
  nodes: {
    by: 'ssh',
    options: ['-o', "'ProxyCommand=aws ssm start-session --target %h'"],
    nameOf: (node) => `admin@${node}.lan`,
  },
}
const pods: Access = { ...login, nodes: { by: 'pod', image: 'tools:1' } }
const here: Access = { kubectl: [], aws: [], nodes: { by: 'local', node: 'worker-0' } }

const debug = (node: string) =>
  `kubectl --context staging debug node/${node} -i --profile=sysadmin --image=tools:1 -- chroot /host`
const ssh = `ssh -o 'ProxyCommand=aws ssm start-session --target %h'`

/** A line as a check prints it, and as each of them types it; null where it stays. */
const lines: readonly (readonly [line: string, byLogin: string | null, byPod: string | null, here: string | null])[] = [
  [
    'kubectl -n default get service web',
    'kubectl --context staging -n default get service web',
    'kubectl --context staging -n default get service web',
    null,
  ],
  [
    `echo '{"a":"| kubectl b"}' | kubectl apply -f -`,
    `echo '{"a":"| kubectl b"}' | kubectl --context staging apply -f -`,
    `echo '{"a":"| kubectl b"}' | kubectl --context staging apply -f -`,
    null,
  ],
  [
    "kubectl -n a get pool p -o json | jq '.a' | kubectl apply -f -",
    "kubectl --context staging -n a get pool p -o json | jq '.a' | kubectl --context staging apply -f -",
    "kubectl --context staging -n a get pool p -o json | jq '.a' | kubectl --context staging apply -f -",
    null,
  ],
  [
    'aws ec2 associate-address --allocation-id "$(aws ec2 allocate-address --domain vpc)"',
    'aws --profile ops --region eu-west-1 ec2 associate-address --allocation-id "$(aws --profile ops --region eu-west-1 ec2 allocate-address --domain vpc)"',
    'aws --profile ops --region eu-west-1 ec2 associate-address --allocation-id "$(aws --profile ops --region eu-west-1 ec2 allocate-address --domain vpc)"',
    null,
  ],
  [
    'ssh worker-0 sudo ip -br link',
    `${ssh} admin@worker-0.lan sudo ip -br link`,
    `${debug('worker-0')} ip -br link`,
    'sudo ip -br link',
  ],
  ['ssh worker-1 ip route', `${ssh} admin@worker-1.lan ip route`, `${debug('worker-1')} ip route`, null],
  [
    'ssh -t worker-0 sudo vi /etc/a.yaml',
    `ssh -t -o 'ProxyCommand=aws ssm start-session --target %h' admin@worker-0.lan sudo vi /etc/a.yaml`,
    `${debug('worker-0').replace(' -i ', ' -it ')} vi /etc/a.yaml`,
    'sudo vi /etc/a.yaml',
  ],
  [
    'ssh worker-0 sudo iptables-save -t nat | grep -e aws',
    `${ssh} admin@worker-0.lan sudo iptables-save -t nat | grep -e aws`,
    `${debug('worker-0')} iptables-save -t nat | grep -e aws`,
    'sudo iptables-save -t nat | grep -e aws',
  ],
  [
    'ssh worker-0 "echo a=1 | sudo tee /etc/a; sudo kubectl x"',
    `${ssh} admin@worker-0.lan "echo a=1 | sudo tee /etc/a; sudo kubectl x"`,
    `${debug('worker-0')} sh -c 'echo a=1 | tee /etc/a; kubectl x'`,
    'echo a=1 | sudo tee /etc/a; sudo kubectl x',
  ],
  [
    `ssh worker-0 sudo 'nft insert rule "a b" '\\''c'\\'''`,
    `${ssh} admin@worker-0.lan sudo 'nft insert rule "a b" '\\''c'\\'''`,
    `${debug('worker-0')} sh -c 'nft insert rule "a b" '\\''c'\\'''`,
    `sudo nft insert rule "a b" 'c'`,
  ],
  [
    "ssh worker-0 'sudo crictl logs $(sudo crictl ps -q --name kube-vip)'",
    `${ssh} admin@worker-0.lan 'sudo crictl logs $(sudo crictl ps -q --name kube-vip)'`,
    `${debug('worker-0')} sh -c 'crictl logs $(crictl ps -q --name kube-vip)'`,
    'sudo crictl logs $(sudo crictl ps -q --name kube-vip)',
  ],
  ['vipdoctor explain delivery/vip-not-owned', null, null, null],
  ['govc vm.info -e aws', null, null, null],
]

test.each(lines)('%s', (line, byLogin, byPod, onIt) => {
  expect(asTyped(line, login)).toBe(byLogin ?? line)
  expect(asTyped(line, pods)).toBe(byPod ?? line)
  expect(asTyped(line, here)).toBe(onIt ?? line)
})

const bareName: Access = { kubectl: [], aws: [], nodes: { by: 'ssh', options: [], nameOf: (node) => node } }

test.each(fixtureNames)(
  '%s: what is wrong is typed with the flags of the run, and its lines stay lines of a shell',
  async (name) => {
    const diagnosis = await diagnosisOfFixture(name)
    expect(diagnosisAsTyped(diagnosis, bareName)).toEqual(diagnosis)
    for (const access of [login, pods]) {
      const typed = diagnosisAsTyped(diagnosis, access)
      // What the reports tell once they know by the finding itself, in whichever list it stands.
      const beside = [...typed.possibleCauses, ...typed.alsoWrong]
      expect(beside.filter((finding) => !typed.findings.includes(finding))).toEqual([])
      const told = [...typed.causes, ...typed.findings]
      const printed = told.flatMap(({ look, fix }) => [...look, ...(fix?.commands ?? [])])
      expect(spawnSync('bash', ['-n'], { input: printed.join('\n'), encoding: 'utf8' }).stderr).toBe('')
      expect(printed.filter((line) => /^(aws ec2|kubectl -n|ssh \w)/.test(line))).toEqual([])
    }
  },
)
