import { expect, test } from '@jest/globals'
import { proxyFromEnvironment } from '../../src/net/proxy.ts'

const proxied = { HTTPS_PROXY: 'http://proxy:3128', HTTP_PROXY: 'http://plain:3128' }

test.each([
  ['nothing is set', {}, 'https://api.corp:6443', null],
  ['https', proxied, 'https://api.corp:6443', 'http://proxy:3128'],
  ['http has a variable of its own', proxied, 'http://api.corp', 'http://plain:3128'],
  ['small letters', { https_proxy: 'http://proxy:3128' }, 'https://api.corp', 'http://proxy:3128'],
  ['no scheme', { HTTPS_PROXY: 'proxy:3128' }, 'https://api.corp', 'http://proxy:3128'],
  ['this machine', proxied, 'https://localhost:6443', null],
  ['its loopback address', proxied, 'https://127.0.0.1:6443', null],
  ['its IPv6 loopback address', proxied, 'https://[::1]:6443', null],
  ['an empty variable', { HTTPS_PROXY: '' }, 'https://api.corp', null],
] as const)('%s', (_, env, url, proxy) => {
  expect(proxyFromEnvironment(env)(url)).toBe(proxy)
})

test.each([
  ['*', 'https://api.corp', true],
  ['corp', 'https://api.corp', true],
  ['.corp', 'https://api.corp', true],
  ['*.corp', 'https://api.corp', true],
  ['api.corp', 'https://api.corp', true],
  ['.api.corp', 'https://api.corp', false],
  ['pi.corp', 'https://api.corp', false],
  ['API.CORP', 'https://api.corp', true],
  ['api.corp:6443', 'https://api.corp:6443', true],
  ['api.corp:443', 'https://api.corp:6443', false],
  ['api.corp:443', 'https://api.corp', true],
  ['10.0.0.0/8', 'https://10.240.0.10:6443', true],
  ['10.0.0.0/16', 'https://10.240.0.10:6443', false],
  ['10.240.0.10', 'https://10.240.0.10:6443', true],
  ['10.240.0.10:6443', 'https://10.240.0.10:6443', true],
  ['240.0.10', 'https://10.240.0.10:6443', false],
  ['fd00::/8', 'https://[fd00::1]:6443', true],
  ['fd00::1', 'https://[fd00::1]:6443', true],
  ['[fd00::1]:6443', 'https://[fd00::1]:6443', true],
  ['other, corp', 'https://api.corp', true],
  ['', 'https://api.corp', false],
] as const)('NO_PROXY=%s leaves out %s: %s', (entry, url, direct) => {
  expect(proxyFromEnvironment({ ...proxied, NO_PROXY: entry })(url)).toBe(direct ? null : 'http://proxy:3128')
})
