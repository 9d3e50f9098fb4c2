import { awsFile, type AwsKindName } from '../../evidence/ec2/kinds.ts'
import { emptyCollection, jsonBytes, type Collection, type Progress } from '../collection.ts'
import { openAccount, type Account, type AccountOptions } from './client.ts'
import { findVpc } from './find-vpc.ts'
import { itemsOf, listingsOf } from './listings.ts'
import { readVpc } from './read-vpc.ts'
import { refusalOf } from './reason.ts'
import { regionOfNodes, type NodeHint } from './region.ts'

/** What is to be read of an account. */
export interface AccountQuestion extends AccountOptions {
  /** The VPC, where the user named it; else the one that holds the nodes' addresses is looked for. */
  readonly vpcId: string | null
  /** The cluster's nodes, as soon as they are known; empty where they could not be read. */
  readonly nodes: Promise<readonly NodeHint[]>
  /** The listings to read. */
  readonly wanted: readonly AwsKindName[]
  readonly progress: Progress
}

/**
 * Reads one VPC of an EC2 account, once, filtered and in pages, and only reads. Every call that fails is a gap that says why, and the rest
 * stays; where no call can succeed (no credentials, no region, no VPC), every listing is that one gap. Never rejects for what an API says.
 * The first requests are on their way before the nodes are known.
 */
export async function readAccount(question: AccountQuestion): Promise<Collection> {
  const account = await openAccount(question)
  if (account.region !== null) return readRegion(account, account.region, question)
  account.close()
  const region = regionOfNodes(await question.nodes)
  if (region !== null) return readRegion(await openAccount({ ...question, region }), region, question)
  const collection = emptyCollection()
  listingsOf(account, '', collection, question.progress).refuseRest(
    'no AWS region: name one by --region or AWS_REGION',
    question.wanted,
  )
  return collection
}

async function readRegion(account: Account, region: string, question: AccountQuestion): Promise<Collection> {
  const collection = emptyCollection()
  const { files, gaps } = collection
  const listings = listingsOf(account, region, collection, question.progress)

  const identity = account.callerIdentity().then(
    (answer) => {
      files.set('aws/caller-identity.json', jsonBytes(answer))
    },
    (error: unknown) => {
      gaps.set('aws/caller-identity.json', refusalOf(error, 'GetCallerIdentity', region).reason)
    },
  )
  files.set('aws/region.txt', Buffer.from(`${region}\n`))
  const vpcs = listings.list('DescribeVpcs', awsFile('vpcs'), [{}], ['Vpcs'])
  const found = question.vpcId === null ? await findVpc(listings, await question.nodes) : { vpcId: question.vpcId }
  const ofVpc = itemsOf(await vpcs, 'Vpcs').filter((vpc) => 'vpcId' in found && vpc.VpcId === found.vpcId)
  files.delete(awsFile('vpcs'))

  if (listings.stopped() === null && 'vpcId' in found) {
    if ((await vpcs) !== null) files.set(awsFile('vpcs'), jsonBytes({ Vpcs: ofVpc }))
    await readVpc(listings, found.vpcId, question.wanted)
  }
  listings.refuseRest(listings.stopped() ?? ('reason' in found ? found.reason : 'was not read'), question.wanted)
  await identity
  account.close()
  return collection
}
