import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { scratch } from '../../test/support/cli.ts'
import { sharedKeys } from '../../test/support/door.ts'
import { ConfigurationError } from '../errors/errors.ts'
import { loadConfig } from '../server/config.ts'
import { type DashboardConfig, dashboardOptions, dashboardSection, takeDashboardPassword } from './config.ts'

/** Settles what a configuration file with this section says. */
async function settled(dashboard: unknown, said?: string, password?: string) {
  using folder = scratch()
  await writeFile(join(folder.path, 'ca.pem'), `${(await sharedKeys()).ca}`)
  await writeFile(join(folder.path, 'saltgate.config.json'), JSON.stringify({ dashboard }))
  const config = await loadConfig({ directory: folder.path, sections: { dashboard: dashboardSection } })
  return await dashboardOptions(config, said, password)
}

describe('dashboardOptions', () => {
  it('listens on 127.0.0.1:3380 when nobody says otherwise, which nobody has asked for', async () => {
    assert.deepEqual({ ...(await settled(undefined)), access: undefined }, expected('127.0.0.1:3380', false))
    assert.deepEqual({ ...(await settled({})), access: undefined }, expected('127.0.0.1:3380', false))
  })

  it('listens where the file says, and rather where the command line does', async () => {
    assert.equal((await settled({ listen: '[::1]:9' }))?.listen, '[::1]:9')
    assert.deepEqual(
      { ...(await settled({ listen: '[::1]:9' }, '127.0.0.1:0')), access: undefined },
      expected('127.0.0.1:0', true),
    )
    assert.equal((await settled({ listen: false }, '127.0.0.1:0'))?.listen, '127.0.0.1:0')
  })

  it('has no dashboard with false in the file, or off on the command line', async () => {
    assert.equal(await settled({ listen: false }), undefined)
    assert.equal(await settled({ listen: '127.0.0.1:9' }, 'off'), undefined)
  })

  it('takes the password of the environment before that of the file, and shows neither', async () => {
    const given = await settled({ password: 'of-the-file' })
    assert.equal(given?.access.password, 'of-the-file')
    assert.equal((await settled({ password: 'of-the-file' }, undefined, 'of-env'))?.access.password, 'of-env')
    assert.ok(!`${inspect(given)}${JSON.stringify(given)}`.includes('of-the-file'))
  })

  it('reads the certificate of who signs those of clients', async () => {
    assert.match((await settled({ clientCa: 'ca.pem' }))?.access.clientCa ?? '', /BEGIN CERTIFICATE/)
  })

  const wrong: readonly (readonly [DashboardConfig | object, RegExp])[] = [
    [{ listen: 'nowhere' }, /dashboard\.listen: cannot listen on 'nowhere': write HOST:PORT/],
    [{ listen: '/run/socket' }, /dashboard\.listen: must be HOST:PORT/],
    [{ listen: true }, /dashboard\.listen: must be HOST:PORT or false/],
    [{ password: '' }, /dashboard\.password: /],
    [{ pasword: 'x' }, /unknown key 'dashboard\.pasword'.*password/],
    [{ allowedHosts: ['door.example:443'] }, /dashboard\.allowedHosts\.0: must be a name or an address without a port/],
    [{ clientCa: 'missing.pem' }, /dashboard\.clientCa: .*missing\.pem cannot be read \(ENOENT\): check the path/],
    [{ clientCa: 'saltgate.config.json' }, /dashboard\.clientCa: .* holds no certificate/],
  ]
  for (const [section, message] of wrong) {
    it(`says what is wrong with ${JSON.stringify(section)}`, async () => {
      await assert.rejects(
        settled(section),
        (error) => error instanceof ConfigurationError && message.test(error.message),
      )
    })
  }

  it('says what is wrong with --dashboard', async () => {
    await assert.rejects(
      settled({}, '/run/socket'),
      /--dashboard the dashboard cannot listen on '\/run\/socket': write HOST:PORT/,
    )
  })
})

describe('takeDashboardPassword', () => {
  it('takes it out of the environment, and refuses an empty one', () => {
    process.env.SALTGATE_DASHBOARD_PASSWORD = 'secret'
    assert.equal(takeDashboardPassword(), 'secret')
    assert.equal(process.env.SALTGATE_DASHBOARD_PASSWORD, undefined)
    assert.equal(takeDashboardPassword(), undefined)
    process.env.SALTGATE_DASHBOARD_PASSWORD = ''
    assert.throws(takeDashboardPassword, ConfigurationError)
    assert.equal(process.env.SALTGATE_DASHBOARD_PASSWORD, undefined)
  })
})

function expected(listen: string, asked: boolean) {
  return { listen, asked, access: undefined }
}
