import type { Answer, JudgedAccount } from '../diagnosis/diagnosis.ts'
import { fabricOf } from '../fabric/index.ts'

/** What was judged, as every report says it: the fabric, why it is held to be that, and of EC2 whose account was read. */
export function judgedAs({ account, fabric }: Pick<Answer<unknown>, 'account' | 'fabric'>): string {
  const judged = `Judged as ${fabricOf({ fabric: fabric.name }).words.name}, because ${fabric.says}`
  if (fabric.name !== 'ec2') return `${judged}.`
  return account === null ? `${judged}. AWS was not read.` : `${judged}: ${accountText(account)}.`
}

const accountText = ({ id, region }: JudgedAccount): string =>
  `AWS ${id ?? 'account not known'}, ${region ?? 'region not known'}`
