/**
 * Our server against every login that was captured in clear: given the nonces, accounts and keys of the real server and
 * the packets of the real client, it must send what the real server sent, byte for byte. Where it does not, the table
 * says why, and nothing else may differ.
 *
 * Not visible here, because the nonces are those of the capture: we draw a new nonce for every auth switch, where mysqld
 * and MariaDB repeat the greeting's for mysql_native_password, and mysqld for a client that began with another plugin.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeHandshakeV10 } from '../../src/packets/handshake-v10.ts'
import { decodeOk } from '../../src/packets/ok.ts'
import { captures } from '../support/captures.ts'
import { type Difference, replay } from '../support/replay.ts'

/** Every difference on purpose: why, and in which captures. */
const purposes = {
  'MariaDB announces its extended capabilities in the greeting; we have none': {
    is: ({ theirs, ours, theirPayload, ourPayload }: Difference) =>
      theirs === 'greeting (mysql_native_password)' &&
      ours === theirs &&
      Buffer.compare(withoutExtended(theirPayload!), ourPayload!) === 0,
    in: captures
      .filter(({ server, tls, flow }) => server.startsWith('MariaDB') && !tls && flow[0]?.startsWith('greeting'))
      .map(({ name }) => name),
  },
  'MariaDB 11.8 puts a hash of its certificate and the session state into OK': {
    is: ({ theirs, ours, theirPayload, ourPayload }: Difference) =>
      theirs === 'OK' && ours === 'OK' && theirPayload!.length > 7 && sameButInfo(theirPayload!, ourPayload!),
    in: names(`
      ma118-changeuser-native-to-ed25519-nodbfield-mariadb ma118-changeuser-native-to-ed25519-php
      ma118-compress-zlib-maria118 ma118-db-ok-maria118 ma118-ed25519-empty-maria118 ma118-ed25519-ok-maria1011
      ma118-ed25519-ok-maria118 ma118-ed25519-ok-mariadb ma118-ed25519-ok-pymysql111 ma118-expired-maria118
      ma118-expired-mysql2 ma118-multi-ed-maria118 ma118-multi-nat-maria118 ma118-multi3-pw-m-ed-maria118
      ma118-multi3-pw-m-nat-maria118 ma118-native-empty-maria118 ma118-native-empty-mysql97 ma118-native-ok-go ma118-native-ok-maria1011
      ma118-native-ok-maria118 ma118-native-ok-mc267 ma118-native-ok-mysql ma118-native-ok-mysql2
      ma118-native-ok-mysql97 ma118-native-ok-perl ma118-native-ok-pymysql102 ma118-native-ok-pymysql111
      ma118-native-ok-pymysql120 ma118-native-ok-ruby ma118-parsec-empty-maria118 ma118-parsec-empty-mariadb
      ma118-parsec-ok-maria118 ma118-parsec-ok-mariadb ma118-sha2-empty-maria118 ma118-sha2-full-rsa-go
      ma118-sha2-full-rsa-maria118 ma118-sha2-full-rsa-mariadb ma118-sha2-full-rsa-mysql97 ma118-sha2-full-rsa-php
      ma118-sha2-full-rsa-pymysql111 ma118-sha2-full-rsa-pymysql120 ma118-sha2-second-maria118
      ma118-sha2-second-mariadb ma118-sha2-second-mysql2 ma118-sha2-second-mysql97
    `),
  },
  'MariaDB has its own error for a locked account': {
    is: ({ theirs, ours }: Difference) => theirs === 'ERR 4151' && ours === 'ERR 3118',
    in: ['ma1011-locked-4151-maria1011', 'ma118-locked-4151-maria118'],
  },
  'MariaDB 11.8 has another SQLSTATE for require_secure_transport': {
    is: ({ theirs, ours, theirPayload, ourPayload }: Difference) =>
      theirs === 'ERR 3159' &&
      ours === 'ERR 3159' &&
      Buffer.from(theirPayload!).toString('latin1').replace('#08004', '#HY000') ===
        Buffer.from(ourPayload!).toString('latin1'),
    in: ['ma118-requiresecuretransport-maria118'],
  },
  'MariaDB switches even a client without CLIENT_PLUGIN_AUTH when it changes the user; mysqld does not, nor do we': {
    is: ({ theirs, ours }: Difference) => theirs === 'switch (mysql_native_password, 21 bytes)' && ours === 'OK',
    in: ['ma1011-changeuser-native-ok-mysql'],
  },
  'mysql_old_password does not exist here: its scramble can be reversed': {
    is: ({ theirs, ours }: Difference) => theirs === 'ERR 1275' && ours === 'ERR 1524',
    in: ['ma1011-oldpassword-account-maria1011', 'ma118-oldpassword-account-maria118'],
  },
  'MariaDB says of every ed25519 that a password was used; we say so of one that came': {
    is: ({ theirs, ours, theirPayload, ourPayload }: Difference) =>
      theirs === 'ERR 1045' &&
      ours === theirs &&
      Buffer.from(theirPayload!).toString('latin1').replace('password: YES', 'password: NO') ===
        Buffer.from(ourPayload!).toString('latin1'),
    in: ['ma1011-ed25519-empty-mariadb', 'ma118-ed25519-empty-mariadb'],
  },
  'the plugin pam does not exist here; its dialog does': {
    is: switchToUnknown('dialog'),
    in: names(`
      ma1011-pam-unsupported-mariadb ma1011-pam-unsupported-mysql2 ma1011-pam-unsupported-php
      ma1011-pam-unsupported-pymysql120
    `),
  },
  "mysqld's plugin test_plugin_server, and proxies, do not exist here": {
    is: (difference: Difference) =>
      switchToUnknown('auth_test_plugin')(difference) ||
      (difference.theirs.startsWith('next factor (auth_test_plugin') && difference.ours === 'ERR 1045'),
    in: names(`
      my97c-mfat-6126-mysql97 my97c-proxy-mysql97 my97c-testplugin-mysql97
    `),
  },
  'Node cannot see who is at the other end of a unix socket': {
    is: ({ theirs, ours }: Difference) => theirs === 'OK' && ours === 'ERR 1698',
    in: ['my97-mfa-sha2-socket-nonextfactor-mysql97', 'my97-socket-ok-mysql97'],
  },
} satisfies Record<string, { is: (difference: Difference) => boolean; in: readonly string[] }>

const found = new Map<string, string[]>(Object.keys(purposes).map((why) => [why, []]))

describe('the server, given the client of a capture, sends what the real server sent', () => {
  const inClear = captures.filter(({ tls }) => !tls)
  let [same, turnedAway] = [0, 0]

  for (const capture of inClear) {
    it(capture.name, () => {
      const replayed = replay(capture)
      same += replayed.same
      if (replayed.turnedAway) turnedAway++
      assert.ok(replayed.turnedAway || replayed.same + replayed.differences.length >= 1)
      for (const difference of replayed.differences) {
        const why = Object.entries(purposes).find(([, purpose]) => purpose.is(difference))?.[0]
        assert.ok(why, `${difference.theirs} became ${difference.ours}, and nobody said why`)
        found.get(why)!.push(capture.name)
      }
    })
  }

  it('and differs on purpose in exactly these captures', () => {
    for (const [why, purpose] of Object.entries(purposes)) {
      assert.deepEqual([...new Set(found.get(why))].sort(), purpose.in.toSorted(), why)
    }
  })

  it('and leaves none out but those that end before the greeting, or hide in TLS', () => {
    assert.deepEqual(
      { captures: captures.length, inClear: inClear.length, turnedAway, same },
      { captures: 343, inClear: 300, turnedAway: 12, same: 722 },
    )
  })
})

function switchToUnknown(plugin: string) {
  return ({ theirs, ours }: Difference) => theirs.startsWith(`switch (${plugin},`) && ours === 'ERR 1524'
}

function withoutExtended(greeting: Uint8Array): Uint8Array {
  const { serverVersion } = decodeHandshakeV10(greeting)
  // Behind protocol, version, connection id, nonce, filler, capabilities, collation, status, length, 6 reserved bytes.
  const at = 1 + serverVersion.length + 1 + 4 + 8 + 1 + 2 + 1 + 2 + 2 + 1 + 6
  return greeting.map((byte, index) => (index >= at && index < at + 4 ? 0 : byte))
}

function sameButInfo(theirs: Uint8Array, ours: Uint8Array): boolean {
  const everything = 0xdfffffff
  const { info: _info, sessionChanges: _changes, statusFlags, ...left } = decodeOk(theirs, everything)
  const { info, sessionChanges, statusFlags: ourFlags, ...right } = decodeOk(ours, everything)
  assert.equal(info.length, 0)
  assert.deepEqual([left, statusFlags & ~0x4000], [right, ourFlags & ~0x4000])
  return sessionChanges?.every((change) => change.kind === 'schema') ?? true
}

function names(list: string): string[] {
  return list.trim().split(/\s+/)
}
