import { spawn } from 'node:child_process'
import path from 'node:path'
import type { Fault } from './fault.ts'
import { forget, type Lab } from './lab.ts'

const commands = {
  vipdoctor: `${process.execPath} ${path.join(process.cwd(), 'bin/run.js')} "$@"`,
  lab_nodes: 'for each in controller-0 controller-1 worker-0 worker-1; do ssh "$each" "$@"; done',
}

/** Breaks the lab, and leaves a prompt on the bastion; the lab ends with it. */
export async function play(lab: Lab, fault: Fault): Promise<void> {
  await fault.make(lab)
  // The bastion has just been served, and its kernel would go on sending to whom it asked then.
  await forget(lab, 'bastion')
  const target = fault.target ?? 'default/nginx-lb'
  const account =
    lab.fabric === 'ec2' ? ['  aws ec2 describe-network-interfaces      the account, which is moto’s'] : []
  process.stdout.write(
    [
      '',
      `You are on the bastion, ${lab.fabric === 'ec2' ? 'an instance of the VPC' : 'a host of the LAN'}, and one thing is broken. Try:`,
      `  curl -m 5 http://10.240.0.100/            what a client sees`,
      `  vipdoctor check ${target} --nodes ssh${lab.fabric === 'lan' ? ' --fabric lan' : ''}`,
      '  kubectl get pods,services -A -o wide      the cluster, which is real',
      ...account,
      '  ssh worker-0                              a node; systemctl, iptables-save, ip, tcpdump are there',
      'Run the fix that vipdoctor prints, and curl again. `exit` takes all of it down.',
      '',
      '',
    ].join('\n'),
  )
  const functions = Object.entries(commands).map(([name, body]) => `${name}() { ${body}; }; export -f ${name};`)
  const shell = spawn('bash', ['-c', `${functions.join(' ')} PS1='bastion$ ' exec bash --norc -i`], {
    stdio: 'inherit',
    env: lab.env,
  })
  await new Promise((resolve) => shell.once('close', resolve))
}
