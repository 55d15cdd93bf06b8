import type { Finding } from '../finding.ts'
import { byProof, sayError, wasRefused } from '../reading.ts'

const slugs: ReadonlySet<string> = new Set(['trailing-newline', 'trailing-crlf'])

export const finding: Finding = {
  id: 'password-with-newline',
  title: 'The password is right but for a newline behind it',
  severity: 'decisive',
  affects: 'Secrets made with echo (Kubernetes, Docker, CI), files read whole, files written on Windows',
  remedy: {
    client: 'Make the secret without it: printf %s "$PASSWORD" | base64, echo -n; or trim what is read.',
  },
  reference: 'https://github.com/docker-library/mysql/issues/693',
  onLogin: (seen, known) =>
    wasRefused(seen) ? byProof(known, ({ password }) => slugs.has(password), ...sayError(seen)) : undefined,
}
