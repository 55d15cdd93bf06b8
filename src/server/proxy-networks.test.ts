import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigurationError, ServerError } from '../errors/errors.ts'
import { ProxyNetworks } from './proxy-networks.ts'
import { Settings } from './settings.ts'

const impossible = [
  '*',
  '10.0.0.1,*',
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/33',
  '2001:db8::/129',
  '10.0.0.0/08',
  '10.0.0.0/8/8',
  '10.0.0.0/',
  '10.0.0.0/255.0.0.0',
  '10.0.0',
  '10.0.0.01',
  'proxy.example',
  '::ffff:10.0.0.1',
  '::ffff:10.0.0.0/104',
  'fe80::1%eth0',
  '10.0.0.1 10.0.0.2',
]

describe('ProxyNetworks', () => {
  const includes = (list: string, ...addresses: (string | undefined)[]) => {
    const networks = new ProxyNetworks(list)
    return addresses.filter((address) => networks.include(address))
  }

  it('includes nobody when the list is empty', () => {
    for (const list of ['', ' ', ', ,']) assert.deepEqual(includes(list, '127.0.0.1', '::1', undefined), [])
  })

  it('includes addresses and networks of either family, and not those beside them', () => {
    const list = '10.0.0.5, 192.168.16.0/20,2001:db8::5 ,2001:db8:1::/49'
    const inside = ['10.0.0.5', '192.168.16.0', '192.168.31.255', '2001:db8::5', '2001:db8:1:7fff:ffff::']
    const outside = ['10.0.0.4', '10.0.0.50', '192.168.15.255', '192.168.32.0', '2001:db8::6', '2001:db8:1:8000::']
    assert.deepEqual(includes(list, ...inside, ...outside, undefined), inside)
  })

  it('includes an address in any spelling of it, and a network whatever its last bits', () => {
    assert.deepEqual(includes('2001:0DB8:0:0::5', '2001:db8::5'), ['2001:db8::5'])
    assert.deepEqual(includes('10.1.2.3/8', '10.200.0.1', '11.0.0.1'), ['10.200.0.1'])
  })

  it('includes unix sockets as localhost, which is not 127.0.0.1', () => {
    assert.deepEqual(includes('localhost', undefined, '127.0.0.1', '::1'), [undefined])
    assert.deepEqual(includes('127.0.0.1,::1', undefined, '127.0.0.1', '::1'), ['127.0.0.1', '::1'])
  })

  it('refuses everybody and whatever is no address', () => {
    for (const list of impossible) assert.throws(() => new ProxyNetworks(list), ConfigurationError, list)
  })
})

describe('proxy_protocol_networks', () => {
  it('is off, and can be set while the server runs', () => {
    const settings = new Settings()
    assert.equal(settings.get('proxy_protocol_networks'), '')
    settings.setGlobal('proxy_protocol_networks', '10.0.0.0/8,localhost')
    assert.equal(settings.get('proxy_protocol_networks'), '10.0.0.0/8,localhost')
    settings.setGlobal('proxy_protocol_networks', '')
    assert.equal(settings.get('proxy_protocol_networks'), '')
  })

  it('keeps its value and says what it takes when it is given anything else', () => {
    const settings = new Settings({ proxy_protocol_networks: '10.0.0.1' })
    for (const list of impossible) {
      assert.throws(
        () => settings.setGlobal('proxy_protocol_networks', list),
        (error) =>
          error instanceof ServerError &&
          error.code === 1231 &&
          error.message.startsWith(
            `Variable 'proxy_protocol_networks' can't be set to the value of '${list}': it takes `,
          ),
      )
      assert.equal(settings.get('proxy_protocol_networks'), '10.0.0.1')
    }
    assert.throws(() => new Settings({ proxy_protocol_networks: '*' }), {
      name: 'ConfigurationError',
      message: /^proxy_protocol_networks cannot be '\*': it takes the addresses and networks of proxies.*not everybody/,
    })
  })
})
