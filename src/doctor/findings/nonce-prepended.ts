import type { Finding } from '../finding.ts'
import { fingerprintOf, sayClient } from '../fingerprint.ts'
import { byProof } from '../reading.ts'

export const finding: Finding = {
  id: 'nonce-prepended',
  title: 'The client hashes nonce and password digest in the wrong order',
  severity: 'decisive',
  affects:
    'sqlx up to 0.8.6, Elixir MyXQL and Bun before their releases of 2026; caching_sha2_password, which hashes the digest before the nonce, mysql_native_password the nonce before the digest',
  remedy: {
    client: 'Upgrade the driver to a version that hashes as the plugin wants: the digest, then the nonce.',
    server:
      'MySQL only pays a full authentication for it at each login; a proxy that checks the scramble refuses it, and a plugin that the driver does right (mysql_native_password on MariaDB) lets it in.',
  },
  reference: 'https://github.com/transact-rs/sqlx/issues/4244',
  onLogin: (seen, known) =>
    byProof(known, ({ algorithm }) => algorithm.endsWith('reversed'), sayClient(fingerprintOf(seen))),
}
